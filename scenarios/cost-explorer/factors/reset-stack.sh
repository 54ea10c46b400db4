#!/bin/sh
# Gets a stack out of any state: deletes it and creates it again from the template. Takes a quarter of an hour.
# nadia-okafor, for the previews
set -eu
stack=${1:?usage: reset-stack.sh STACK}
aws cloudformation delete-stack --stack-name "$stack"
aws cloudformation wait stack-delete-complete --stack-name "$stack"
aws cloudformation create-stack --stack-name "$stack" --template-body file://infra/template.yaml --capabilities CAPABILITY_IAM
