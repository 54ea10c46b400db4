#!/bin/sh
# A harbour wants its own address: ./scripts/domains.sh boats.harbour.example
set -eu
export TRAM_API_TOKEN=6d0b7f0e-51c4-4a7e-9d1b-2e9a7c30f8a5
tram domain "$1" --service api --environment production
