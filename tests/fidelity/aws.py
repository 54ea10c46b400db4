"""Holds lines against the AWS tool's own parser and the models of its services. Nothing is sent."""
import contextlib, functools, io, json, os, sys
import awscli.clidriver as clidriver
from awscli.customizations.s3.subcommands import S3TransferCommand
from botocore.client import BaseClient
from botocore.session import Session
from botocore.validate import ParamValidator


class Taken(Exception):
    pass


reached = []


def checked(model, parameters):
    if model.input_shape is not None:
        report = ParamValidator().validate(parameters, model.input_shape)
        if report.has_errors():
            raise ValueError(report.generate_report())
    reached.append(True)
    raise Taken()


def invoke(self, service_name, operation_name, parameters, parsed_globals):
    if parsed_globals.query is not None:
        import jmespath
        jmespath.compile(parsed_globals.query) if isinstance(parsed_globals.query, str) else None
    parameters.pop("PaginationConfig", None)
    checked(self._session.get_service_model(service_name).operation_model(operation_name), parameters)


def called(self, operation_name, parameters):
    checked(self.meta.service_model.operation_model(operation_name), parameters)


clidriver.CLIOperationCaller.invoke = invoke
BaseClient._make_api_call = called
made = Session.create_client
clients = {}


def create_client(self, service_name, *args, **kwargs):
    if service_name not in clients:
        clients[service_name] = made(self, service_name, *args, **kwargs)
    return clients[service_name]


Session.create_client = create_client
driver = clidriver.create_clidriver()
driver.session.set_credentials("none", "none")


def wrong(folder, words):
    os.chdir(folder)
    reached.clear()
    out, err = io.StringIO(), io.StringIO()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            driver.main(words)
    except (Taken, SystemExit):
        pass
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "" if reached else err.getvalue().strip() or out.getvalue().strip() or "nothing was asked of the service"


for folder, words in json.load(open(sys.argv[1])):
    print(json.dumps(wrong(folder, words)))
