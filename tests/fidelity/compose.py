"""Holds lines against the parser of Compose. Nothing is done."""
import json, sys
from compose.cli.docopt_command import DocoptDispatcher, NoSuchCommand
from compose.cli.main import TopLevelCommand
from docopt import DocoptExit


def wrong(words):
    try:
        DocoptDispatcher(TopLevelCommand, {"options_first": True, "version": "0"}).parse(words)
    except NoSuchCommand as error:
        return f"no such command: {error.command}"
    except (SystemExit, DocoptExit) as error:
        return f"usage: {error}"
    return ""


for _, words in json.load(open(sys.argv[1])):
    print(json.dumps(wrong(words[1:])))
