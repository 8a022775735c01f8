"""What a page shows of a pack version without loading the pack: plain JSON, written once at installation."""

from typing import Any

from rulepacks.engine.spec import Input, Pack, Parameter, Rule


def pack_summary(pack: Pack) -> dict[str, Any]:
    """Title, labels, inputs, parameters, stages, rules, statuses and outputs, in the pack's order."""
    return {
        "title": pack.title,
        "description": pack.description,
        "labels": dict(pack.labels),
        "severity_labels": dict(pack.severity_labels),
        "parameters": [parameter_summary(parameter) for parameter in pack.parameters.values()],
        "inputs": [input_summary(pack_input) for pack_input in pack.inputs.values()],
        "stages": [{"name": stage.name, "title": stage.title, "gate_unit": stage.gate_unit} for stage in pack.stages],
        "rules": [rule_summary(rule, position) for position, rule in enumerate(pack.rules, start=1)],
        "statuses": [status.status for status in pack.statuses],
        "outputs": [{"name": output.name, "format": output.format, "units": output.units} for output in pack.outputs],
        "tables": list(pack.tables),
    }


def parameter_summary(parameter: Parameter) -> dict[str, Any]:
    default = None if parameter.default is None else str(parameter.default)
    return {
        "name": parameter.name,
        "type": str(parameter.type),
        "required": parameter.required,
        "default": default,
        "description": parameter.description,
        "allowed": [str(value) for value in parameter.allowed],
    }


def input_summary(delivered: Input) -> dict[str, Any]:
    fields = [
        {
            "name": field.name,
            "type": str(field.type),
            "unit": field.unit,
            "aliases": list(field.aliases),
            "description": field.description,
        }
        for field in delivered.fields.values()
    ]
    return {
        "name": delivered.name,
        "title": delivered.title,
        "description": delivered.description,
        "optional": delivered.optional,
        "key": list(delivered.key),
        "unit": list(delivered.unit),
        "fixed_width": bool(delivered.fixed_width),
        "fields": fields,
    }


def rule_summary(rule: Rule, position: int) -> dict[str, Any]:
    return {
        "code": rule.code,
        "title": rule.title,
        "type": rule.type,
        "stage": rule.stage,
        "input": rule.input,
        "severity": rule.severity.otherwise,
        "severities": [severity for severity, _ in rule.severity.branches],
        "label": rule.label,
        "authority": rule.authority,
        "description": rule.description,
        "aliases": list(rule.aliases),
        "text": rule.text,
        "position": position,
    }
