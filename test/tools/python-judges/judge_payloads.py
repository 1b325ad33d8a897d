"""Validates requests with botocore's service models. Reads and writes JSON: a list of requests, and for each a list of findings."""
import json
import sys

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

loader = Loader()
models = {}


def operation_model(service, operation):
    if service not in models:
        models[service] = ServiceModel(loader.load_service_model(service, 'service-2'), service)
    return models[service].operation_model(operation)


def excess_members(value, shape, path):
    """ParamValidator ignores members that the model does not have, and AWS does so too: the value would have no effect."""
    if shape.type_name == 'structure' and isinstance(value, dict):
        for name, member in value.items():
            if name not in shape.members:
                yield f'{path}.{name}: not a member of {shape.name}'
            else:
                yield from excess_members(member, shape.members[name], f'{path}.{name}')
    elif shape.type_name == 'list' and isinstance(value, list):
        for index, item in enumerate(value):
            yield from excess_members(item, shape.member, f'{path}[{index}]')
    elif shape.type_name == 'map' and isinstance(value, dict):
        for key, item in value.items():
            yield from excess_members(item, shape.value, f'{path}[{key}]')


def enum_violations(value, shape, path):
    """ParamValidator does not check the values of enumerations."""
    if shape.type_name == 'structure' and isinstance(value, dict):
        for name, member in value.items():
            if name in shape.members:
                yield from enum_violations(member, shape.members[name], f'{path}.{name}')
    elif shape.type_name == 'list' and isinstance(value, list):
        for index, item in enumerate(value):
            yield from enum_violations(item, shape.member, f'{path}[{index}]')
    elif shape.type_name == 'string' and getattr(shape, 'enum', None) and value not in shape.enum:
        yield f'{path}: {value!r} is not one of {", ".join(shape.enum)}'


def findings(request):
    try:
        shape = operation_model(request['service'], request['operation']).input_shape
    except Exception as error:  # an unknown service or operation is a finding
        return [str(error)]
    value = request['input']
    report = ParamValidator().validate(value, shape)
    found = [report.generate_report()] if report.has_errors() else []
    return [*found, *excess_members(value, shape, shape.name), *enum_violations(value, shape, shape.name)]


json.dump([findings(request) for request in json.load(sys.stdin)], sys.stdout)
