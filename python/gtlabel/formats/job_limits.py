"""What Ground Truth would refuse in a CreateLabelingJob request, and gtlabel does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_NAME = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*")
_REF_TASKS = ("SemanticSegmentation", "VideoObjectDetection", "VideoObjectTracking", "3DPointCloudObjectTracking")
_HOUR, _DAY = 3600, 86400


def limit_warnings(request: Mapping[str, Any]) -> list[str]:
    """One sentence per limit that the request breaks."""
    warnings: list[str] = []
    warnings += _names(request)
    human = request.get("HumanTaskConfig")
    if isinstance(human, Mapping):
        warnings += _human_task(human)
    else:
        warnings.append("HumanTaskConfig: missing, Ground Truth asks for it")
    if not isinstance(request.get("RoleArn"), str):
        warnings.append("RoleArn: missing, Ground Truth asks for it")
    stopping = request.get("StoppingConditions")
    if isinstance(stopping, Mapping):
        warnings += _range(stopping, "MaxHumanLabeledObjectCount", 1, None)
        warnings += _range(stopping, "MaxPercentageOfInputDatasetLabeled", 1, 100)
    if "SnsDataSource" in _inner(request, "InputConfig", "DataSource"):
        warnings.append("SnsDataSource: a streaming job; gtlabel takes more items by LabelingJob.extend")
    algorithms = request.get("LabelingJobAlgorithmsConfig")
    if isinstance(algorithms, Mapping) and "InitialActiveLearningModelArn" in algorithms:
        warnings.append("InitialActiveLearningModelArn: a model of the service, which gtlabel cannot load")
    if isinstance(request.get("Tags"), list) and len(request["Tags"]) > 50:
        warnings.append(f"Tags: {len(request['Tags'])} given, Ground Truth takes at most 50")
    return warnings


def pool_warnings(n_items: int, classes: Sequence[str], is_automatic: bool) -> list[str]:
    """One sentence per limit that the items and classes of a job break."""
    warnings = []
    if n_items > 100_000:
        warnings.append(f"manifest: {n_items} items, Ground Truth takes at most 100000")
    if is_automatic and n_items < 1250:
        warnings.append(f"LabelingJobAlgorithmsConfig: {n_items} items, Ground Truth labels automatically from 1250 on")
    long_names = [name for name in classes if len(name) > 256]
    if long_names:
        warnings.append(f"classes: a name of {len(long_names[0])} characters, Ground Truth takes at most 256")
    return warnings


def _inner(content: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    found: Any = content
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _names(request: Mapping[str, Any]) -> list[str]:
    warnings = []
    for key, most in (("LabelingJobName", 63), ("LabelAttributeName", 127)):
        name = request.get(key)
        if not isinstance(name, str):
            continue  # refused by who reads the request
        if len(name) > most:
            warnings.append(f"{key}: {len(name)} characters, Ground Truth takes at most {most}")
        if not _NAME.fullmatch(name):
            warnings.append(f"{key}: {name!r}, Ground Truth takes letters, digits and hyphens between them")
    attribute = request.get("LabelAttributeName")
    if isinstance(attribute, str) and attribute.endswith("-metadata"):
        warnings.append(f"LabelAttributeName: {attribute!r} ends in -metadata, which readers take for metadata")
    arn = _inner(request, "HumanTaskConfig").get("PreHumanTaskLambdaArn")
    if isinstance(attribute, str) and isinstance(arn, str):
        needs_ref = any(arn.endswith(task) for task in _REF_TASKS) and "Verification" not in arn
        if needs_ref != attribute.endswith("-ref"):
            rule = "must end" if needs_ref else "may not end"
            warnings.append(f"LabelAttributeName: {attribute!r}, which {rule} in -ref for this task")
    return warnings


def _human_task(human: Mapping[str, Any]) -> list[str]:
    warnings = [
        f"HumanTaskConfig.{key}: missing, Ground Truth asks for it"
        for key in (
            "WorkteamArn",
            "UiConfig",
            "TaskTitle",
            "TaskDescription",
            "NumberOfHumanWorkersPerDataObject",
            "TaskTimeLimitInSeconds",
        )
        if key not in human
    ]
    warnings += _range(human, "NumberOfHumanWorkersPerDataObject", 1, 9)
    warnings += _range(human, "TaskTimeLimitInSeconds", 30, 30 * _DAY)
    warnings += _range(human, "TaskAvailabilityLifetimeInSeconds", 60, 30 * _DAY)
    warnings += _range(human, "MaxConcurrentTaskCount", 1, 5000)
    for key, most in (("TaskTitle", 128), ("TaskDescription", 255)):
        text = human.get(key)
        if isinstance(text, str) and not 1 <= len(text) <= most:
            warnings.append(f"HumanTaskConfig.{key}: {len(text)} characters, Ground Truth takes 1 to {most}")
    keywords = human.get("TaskKeywords")
    if isinstance(keywords, list):
        if len(keywords) > 5:
            warnings.append(f"HumanTaskConfig.TaskKeywords: {len(keywords)} given, Ground Truth takes at most 5")
        for keyword in keywords:
            if len(str(keyword)) > 30:
                warnings.append(f"HumanTaskConfig.TaskKeywords: {keyword!r} has more than 30 characters")
    arn = human.get("PreHumanTaskLambdaArn")
    seconds = human.get("TaskTimeLimitInSeconds")
    is_long = isinstance(arn, str) and ("Video" in arn or "3D" in arn)
    if isinstance(seconds, int) and 8 * _HOUR < seconds <= 30 * _DAY and not is_long:
        warnings.append(f"HumanTaskConfig.TaskTimeLimitInSeconds: {seconds}, Ground Truth takes at most 8 hours here")
    amount = _inner(human, "PublicWorkforceTaskPrice", "AmountInUsd")
    for key, most in (("Dollars", 2), ("Cents", 99), ("TenthFractionsOfACent", 9)):
        warnings += _range(amount, key, 0, most)
    return warnings


def _range(content: Mapping[str, Any], key: str, least: int, most: int | None) -> list[str]:
    value = content.get(key)
    if value is None:
        return []
    if isinstance(value, bool) or not isinstance(value, int):
        return [f"{key}: {value!r}, Ground Truth takes a whole number"]
    if value < least or (most is not None and value > most):
        limit = f"{least} to {most}" if most is not None else f"{least} or more"
        return [f"{key}: {value}, Ground Truth takes {limit}"]
    return []
