#!/bin/sh
# Blocks command lines with words that destroy. It reads words and sees no effects.
event=$(cat)
for words in 'delete-stack' 'delete-db-' 'delete-bucket' 's3 rb' 'rm -rf' 'DROP ' 'TRUNCATE ' 'push --force'; do
    case $event in
    *"$words"*)
        echo "blocked: the command line has \`$words\` in it" >&2
        exit 2
        ;;
    esac
done
exit 0
