"""Two hundred bad lines with one fault each, and what the lint must say of them: where, which rule, and a mend."""

import importlib.util
import json
import os
from collections import Counter
from pathlib import Path

import gtlabel as gt
import pytest
from gtlabel.formats.lint import lint_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

_spec = importlib.util.spec_from_file_location("manifest_lines", Path(__file__).with_name("manifest_lines.py"))
_lines = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_lines)
LINES = {**_lines.LINES, "sequence": _lines.SEQUENCE}

# (line, what is in it, what is put in its place, rule, what the column points at in the new line; "": its start)
META = '"animal-metadata":{'
DATE = '"2024-03-05T10:11:12.131415"'
FAULTS = [
    # JSON
    ("image", '"camera":"north",', '"camera":"north"', "bad-json", '"animal":1'),
    ("image", '"camera":"north",', '"camera":"north",,', "bad-json", ',"animal":1'),
    ("image", '"camera":"north"', "'camera':\"north\"", "bad-json", "'camera'"),
    ("image", '"camera":"north"', 'camera:"north"', "bad-json", "camera:"),
    ("image", '"camera":"north"', '"camera" "north"', "bad-json", '"north"'),
    ("image", '"camera":"north"', '"camera":"no\\rth\\x"', "bad-json", "\\x"),
    ("image", '"camera":"north"', '"camera":"no\trth"', "bad-json", "\trth"),
    ("image", '"camera":"north"', '"camera":"\\ud800"', "bad-json", "\\ud800"),
    ("image", '"camera":"north"', '"camera":"\\u12g4"', "bad-json", "\\u12g4"),
    ("image", '"camera":"north"', '"camera":north', "bad-json", "orth"),
    ("image", '"camera":"north"', '"camera":None', "bad-json", "None"),
    ("image", '"camera":"north"', '"camera":True', "bad-json", "True"),
    ("image", '"camera":"north"', '"camera":NaN', "bad-json", "NaN"),
    ("image", '"camera":"north"', '"camera":-Infinity', "bad-json", "Infinity"),
    ("image", '"camera":"north"', '"camera":07', "bad-json", "7,"),
    ("image", '"camera":"north"', '"camera":1.', "bad-json", ',"animal":1'),
    ("image", '"camera":"north"', '"camera":.5', "bad-json", ".5"),
    ("image", '"camera":"north"', '"camera":+1', "bad-json", "+1"),
    ("image", '"camera":"north"', '"camera":1e', "bad-json", ',"animal":1'),
    ("image", '"camera":"north"', '"camera":[1,2', "bad-json", ':1,"animal-m'),
    ("image", '"camera":"north"', '"camera":[1,]', "bad-json", '],"animal"'),
    ("image", '"camera":"north"', '"camera":{"a":1,}', "bad-json", '},"animal"'),
    ("image", '"camera":"north"', '"camera":"north" // left', "bad-json", "// left"),
    ("image", '.131415"}}', '.131415"}', "bad-json", None),
    ("image", '.131415"}}', '.131415"}}}', "bad-json", "}#"),
    ("image", '.131415"}}', '.131415"}},', "bad-json", ",#"),
    ("image", '.131415"}}', '.131415"}} {}', "bad-json", "{}"),
    ("image", '.131415"}}', ".131415", "bad-json", '"2024-'),
    ("image", '{"source-ref"', '["source-ref"', "bad-json", ':"s3'),
    ("image", LINES["image"], "{", "bad-json", None),
    ("image", LINES["image"], "nul", "bad-json", None),
    ("image", LINES["image"], "[" + LINES["image"] + "]", "not-an-object", "["),
    ("image", LINES["image"], '"s3://acme/barn/1.jpg"', "not-an-object", '"s3'),
    ("image", LINES["image"], "42", "not-an-object", "42"),
    ("image", LINES["image"], "null", "not-an-object", "null"),
    ("image", LINES["image"], "  true", "not-an-object", "true"),
    ("image", LINES["image"], "", "blank-line", ""),
    ("image", LINES["image"], " \t ", "blank-line", ""),
    ("image", '"camera":"north"', '"camera":' + "[" * 300 + "]" * 300, "bad-json", "[" * 45 + "]"),
    # keys
    ("image", '"camera":"north"', '"camera":"north","camera":"south"', "duplicate-key", '"camera":"south"'),
    ("image", '"animal":1', '"animal":1,"animal":1', "duplicate-key", '"animal":1,"animal-m'),
    ("image", '"camera":"north"', '"$camera":"north"', "dollar-key", '"$camera"'),
    ("image", '"camera":"north"', '"":"north"', "empty-key", '"":'),
    ("image", '"camera":"north"', '"camera":"' + 20_001 * "x" + '"', "attribute-too-long", '"xxx'),
    # source
    ("image", '"source-ref":"s3://acme/barn/1.jpg",', "", "no-source", "{"),
    ("image", '"source-ref"', '"source_ref"', "misspelled-key", '"source_ref"'),
    ("image", '"source-ref"', '"Source-Ref"', "misspelled-key", '"Source-Ref"'),
    ("text", '"source"', '"Source"', "misspelled-key", '"Source"'),
    ("custom", '"source":', '"source-ref":"s3://acme/a.html","source":', "two-sources", '"source":'),
    ("text", '"The parcel arrived late."', "17", "source-not-text", "17"),
    ("text", '"The parcel arrived late."', '["The parcel"]', "source-not-text", '["The'),
    ("text", '"The parcel arrived late."', "null", "source-not-text", "null"),
    ("text", '"The parcel arrived late."', '""', "empty-source", '"",'),
    ("text", '"The parcel arrived late."', '" \\n "', "empty-source", '" \\n "'),
    ("image", '"s3://acme/barn/1.jpg"', '{"uri":"s3://acme/barn/1.jpg"}', "source-ref-not-text", '{"uri"'),
    ("image", '"s3://acme/barn/1.jpg"', "false", "source-ref-not-text", "false"),
    ("image", '"s3://acme/barn/1.jpg"', '""', "empty-source-ref", '"",'),
    ("image", "s3://acme/barn/1.jpg", "s3:/acme/barn/1.jpg", "bad-s3-uri", '"s3:/acme'),
    ("mask", "s3://acme/yard/100.png", "s3://100.png", "bad-s3-uri", '"s3://100.png'),
    ("verification", "s3://acme/barn/9.jpg", "s3://acme/", "bad-s3-uri", '"s3://acme/"'),
    ("verification", "s3://acme/barn/9.jpg", "s3:///9.jpg", "bad-s3-uri", '"s3:///'),
    ("image", "s3://acme/barn/1.jpg", "S3://acme/barn/1.jpg", "bad-s3-uri", '"S3:'),
    ("verification", "s3://acme/barn/9.jpg", " s3://acme/barn/9.jpg", "blank-in-source-ref", '" s3'),
    ("image", "s3://acme/barn/1.jpg", "https://acme.com/1.jpg", "source-ref-not-s3", '"https'),
    ("boxes", "s3://acme/barn/9.jpg", "barn/9.jpg", "source-ref-not-s3", '"barn'),
    ("image", "barn/1.jpg", "barn/1.gif", "image-format", '"s3://acme/barn/1.gif'),
    ("boxes", "barn/9.jpg", "barn/9", "image-format", '"s3://acme/barn/9'),
    ("mask", "100.png", "100.tif", "image-format", '"s3://acme/yard/100.tif'),
    ("clip", "1.mp4", "1.avi", "video-format", '"s3://acme/clips/1.avi'),
    ("text", '"source":"The parcel arrived late."', '"source-ref":"s3://acme/1.txt"', "source-of-wrong-kind", '"s3'),
    ("spans", '"source":"Ada met Bo in Oslo."', '"source-ref":"s3://acme/1.txt"', "source-of-wrong-kind", '"s3'),
    ("image", '"source-ref":"s3://acme/barn/1.jpg"', '"source":"a goat"', "source-of-wrong-kind", '"a goat'),
    ("image", "barn/1.jpg", "barn/1-first.jpg", "duplicate-source", '"s3'),
    # point clouds
    ("cuboids", '"source-ref-metadata":{', '"source-ref-metadata":[],"x":{', "bad-point-cloud", "[],"),
    ("cuboids", '"unix-timestamp":1700000001.5,"ego', '"ego', "bad-point-cloud", '{"format"'),
    ("cuboids", '"unix-timestamp":1700000001.5,"ego', '"unix-timestamp":"1700","ego', "bad-point-cloud", '"1700"'),
    ("cuboids", '"binary/xyzi"', '"xyzi"', "bad-point-format", '"xyzi"'),
    ("cuboids", '"binary/xyzi"', '"binary/rgb"', "bad-point-format", '"binary/rgb"'),
    ("cuboids", '"binary/xyzi"', "3", "bad-point-format", '3,"unix'),
    ("cuboids", '"x":1,"y":2', '"x":1', "bad-pose", '{"x":1'),
    ("cuboids", '"qw":1', '"qw":"1"', "bad-pose", '"1"}'),
    ("cuboids", '"position":{"x":1,"y":2,"z":3},', "", "bad-pose", '{"heading"'),
    ("cuboids", '"image-path":"a.jpg",', "", "bad-camera", '{"unix-timestamp":1700000001.5,"fx"'),
    ("cuboids", '"fx":1,', "", "bad-camera", '{"image-path"'),
    ("cuboids", '"cy":1}]', '"cy":null}]', "bad-camera", "null"),
    # streams
    ("stream", '"shot":"x-1",', "", "missing-object-id", '"shot","animal"'),
    (
        "stream",
        '"dataset-objectid-attribute-name":"shot"',
        '"dataset-objectid-attribute-name":5',
        "bad-object-id-name",
        "5,",
    ),
    ("stream", '"x-1"', '"' + 1025 * "x" + '"', "object-id-too-long", '"xx'),
    ("stream", '"x-1"', '"x-first"', "duplicate-object-id", '"x-first"'),
    # names of attributes
    ("image", '"animal":1,', "", "metadata-without-label", '"animal-metadata"'),
    ("image", '"animal":1,', '"animals":1,', "metadata-without-label", '"animal-metadata"'),
    ("boxes", '"boxes":{', '"Boxes":{', "metadata-without-label", '"boxes-metadata"'),
    ("image", '"animal-metadata":', '"animal-meta":', "label-without-metadata", '"animal":1'),
    ("mask", '"yard-ref-metadata":', '"yard-ref-meta":', "label-without-metadata", '"yard-ref":'),
    ("image", '"animal-metadata":', '"animal_metadata":', "misspelled-key", '"animal_metadata"'),
    ("image", '"animal":1,"animal-metadata"', '"a animal":1,"a animal-metadata"', "bad-name", '"a animal-metadata"'),
    ("image", '"animal":1,"animal-metadata"', '"animal_":1,"animal_-metadata"', "bad-name", '"animal_-metadata"'),
    ("image", '"animal":1,"animal-metadata"', '"-animal":1,"-animal-metadata"', "bad-name", '"-animal-metadata"'),
    ("image", '"animal":1,"animal-m', f'"{128 * "a"}":1,"{128 * "a"}-m', "name-too-long", f'"{128 * "a"}-m'),
    ("image", '"animal":1,"animal-m', '"animal-ref":1,"animal-ref-m', "name-may-not-end-in-ref", '"animal-ref":'),
    ("boxes", '"boxes":{"im', '"boxes-ref":{"im', None, None),
    (
        "mask",
        '"yard-ref":"s3://acme/out/0.png","yard-ref-m',
        '"yard":"s3://acme/out/0.png","yard-m',
        "name-needs-ref",
        '"yard":',
    ),
    (
        "video",
        '"dock-ref":"s3://acme/out/0/SeqLabel.json","dock-ref-m',
        '"dock":"s3://acme/out/0/SeqLabel.json","dock-m',
        "name-needs-ref",
        '"dock":',
    ),
    ("mask", '"yard-ref-metadata"', '"yard-metadata"', "old-ref-metadata", '"yard-metadata"'),
    # what all metadata have
    ("image", META, '"animal-metadata":7,"x":{', "metadata-not-object", "7,"),
    ("image", META, '"animal-metadata":null,"x":{', "metadata-not-object", "null"),
    ("image", META, '"animal-metadata":"goat","x":{', "metadata-not-object", '"goat","x"'),
    ("image", '"type":"groundtruth/image-classification",', "", "missing-type", '{"class-name"'),
    ("image", '"groundtruth/image-classification"', "1", "type-not-text", '1,"job'),
    ("image", "groundtruth/image-classification", "image-classification", "unknown-type", '"image-classification"'),
    (
        "image",
        "groundtruth/image-classification",
        "groundtruth/imageclassification",
        "unknown-type",
        '"groundtruth/imagec',
    ),
    ("boxes", "groundtruth/object-detection", "groundtruth/bounding-box", "unknown-type", '"groundtruth/bounding-box"'),
    ("image", "groundtruth/image", "groundTruth/image", "odd-type-spelling", '"groundTruth/image'),
    ("custom", "groundTruth/custom", "groundtruth/custom", "odd-type-spelling", '"groundtruth/custom'),
    (
        "cuboids",
        "point_cloud_object_detection",
        "point-cloud-object-detection",
        "odd-type-spelling",
        '"groundtruth/point',
    ),
    ("image", '"job-name":"labeling-job/animal",', "", "missing-job-name", '{"class-name"'),
    ("image", '"labeling-job/animal"', '""', "bad-job-name", '"","human'),
    ("image", '"labeling-job/animal"', "12", "bad-job-name", "12,"),
    ("image", '"human-annotated":"yes",', "", "missing-human-annotated", '{"class-name"'),
    ("image", '"human-annotated":"yes"', '"human-annotated":true', "bad-human-annotated", "true"),
    ("image", '"human-annotated":"yes"', '"human-annotated":"Yes"', "bad-human-annotated", '"Yes"'),
    ("image", '"human-annotated":"yes"', '"human-annotated":"no "', "bad-human-annotated", '"no "'),
    ("image", ',"creation-date":' + DATE, "", "missing-creation-date", '{"class-name"'),
    ("image", DATE, '"05.03.2024"', "bad-creation-date", '"05.03.2024"'),
    ("image", DATE, '"2024-13-05T10:11:12.131415"', "bad-creation-date", '"2024-13'),
    ("image", DATE, '"2023-02-29T10:11:12.131415"', "bad-creation-date", '"2023-02-29'),
    ("image", DATE, '"2024-03-05T25:11:12.131415"', "bad-creation-date", '"2024-03-05T25'),
    ("image", DATE, '"2024-03-05"', "bad-creation-date", '"2024-03-05"'),
    ("image", DATE, '"2024-03-05T10:11:12+01:00"', "bad-creation-date", '"2024-03-05T10:11:12+'),
    ("image", DATE, "1709633472", "bad-creation-date", "1709633472"),
    ("image", DATE, '"2024-03-05T10:11:12.131Z"', "odd-date-spelling", '"2024-03-05T10:11:12.131Z'),
    ("image", DATE, '"2024-03-05 10:11:12.131"', "odd-date-spelling", '"2024-03-05 '),
    ("image", '"job-name"', '"job_name"', "underscore-key", '"job_name"'),
    ("image", '"creation-date"', '"creation_date"', "underscore-key", '"creation_date"'),
    ("image", '"class-name"', '"class_name"', None, None),
    ("boxes", '"class-map"', '"class_map"', "underscore-key", '"class_map"'),
    ("image", '"human-annotated"', '"human_annotated"', "underscore-key", '"human_annotated"'),
    ("verification", '"worker-feedback"', '"worker_feedback"', "underscore-key", '"worker_feedback"'),
    ("boxes", '"job-name"', '"adjustment-status":"yes","job-name"', "bad-adjustment-status", '"yes","job'),
    ("boxes", '"job-name"', '"adjustment-status":1,"job-name"', "bad-adjustment-status", '1,"job'),
    # one class
    ("image", '"animal":1', '"animal":"goat"', "label-not-index", '"goat","animal-m'),
    ("image", '"animal":1', '"animal":1.5', "label-not-index", "1.5"),
    ("image", '"animal":1', '"animal":null', "label-not-index", "null"),
    ("image", '"animal":1', '"animal":[1]', "label-not-index", "[1]"),
    ("image", '"animal":1', '"animal":-1', "negative-index", "-1"),
    ("image", '"animal":1', '"animal":"1"', "index-as-text", '"1"'),
    ("image", '"animal":1', '"animal":1.0', "index-as-real", "1.0"),
    ("image", '"class-name":"goat",', "", "missing-class-name", '{"confidence"'),
    ("image", '"class-name":"goat"', '"class-name":1', "class-name-not-text", '1,"conf'),
    ("image", '"class-name":"goat"', '"class-name":""', "empty-class-name", '"","conf'),
    ("image", '"class-name":"goat"', '"class-name":"' + 257 * "g" + '"', "class-name-too-long", '"ggg'),
    ("image", '"class-name":"goat"', '"class-name":"sheep"', "class-renamed", '"sheep"'),
    ("image", '"animal":1', '"animal":2', "class-renumbered", '"goat"'),
    ("image", '"confidence":0.93,', "", "missing-confidence", '{"class-name"'),
    ("image", '"confidence":0.93', '"confidence":"0.93"', "confidence-not-number", '"0.93"'),
    ("image", '"confidence":0.93', '"confidence":null', "confidence-not-number", "null"),
    ("image", '"confidence":0.93', '"confidence":93', "confidence-out-of-range", "93,"),
    ("image", '"confidence":0.93', '"confidence":-0.1', "confidence-out-of-range", "-0.1"),
    ("verification", '"check":"1"', '"check":1', "verification-not-text", '1,"check'),
    ("verification", '"check":"1"', '"check":"wrong"', "label-not-index", '"wrong","check'),
    ("verification", '[{"comment":"Box is loose."}]', '"Box is loose."', "bad-worker-feedback", '"Box'),
    ("verification", '{"comment":"Box is loose."}', '{"text":"Box is loose."}', "bad-worker-feedback", '{"text"'),
    # several classes
    ("multi", '"topics":[0,3]', '"topics":0', "labels-not-list", '0,"topics-m'),
    ("multi", '"topics":[0,3]', '"topics":{"0":1}', "labels-not-list", '{"0":1}'),
    ("multi", '"topics":[0,3]', '"topics":[0,3,0]', "duplicate-label", "0],"),
    ("multi", '"topics":[0,3]', '"topics":[0,"3"]', "index-as-text", '"3"],'),
    ("multi", '"topics":[0,3]', '"topics":["delay",3]', "label-not-index", '"delay",3'),
    ("multi", '"topics":[0,3]', '"topics":[]', "no-labels", "[],"),
    ("multi", '"class-map":{"0":"delay","3":"damage"},', "", "missing-class-map", '{"confidence-map"'),
    ("multi", '{"0":"delay","3":"damage"}', '["delay","damage"]', "class-map-not-object", '["delay"'),
    ("multi", ',"3":"damage"}', "}", "missing-class-map-id", "3],"),
    ("multi", '"3":"damage"', '"3":"damage","drei":"else"', "bad-class-map-id", '"drei"'),
    ("multi", '"3":"damage"', '"3":"damage","3":"damage"', "duplicate-class-map-id", '"3":"damage"},'),
    ("multi", '"3":"damage"', '"3":4', "class-name-not-text", '4},"conf'),
    ("multi", '"3":"damage"', '"3":"loss"', "class-renamed", '"loss"'),
    ("multi", '"confidence-map":{"0":0.95,"3":0.68},', "", "missing-confidence-map", '{"class-map"'),
    ("multi", '{"0":0.95,"3":0.68}', "[0.95,0.68]", "missing-confidence-map", "[0.95"),
    ("multi", ',"3":0.68}', "}", "missing-confidence-map-id", "3],"),
    ("multi", '"3":0.68', '"3":68', "confidence-out-of-range", "68}"),
    # boxes
    ("boxes", '"image_size":[{"width":640,"height":480,"depth":3}],', "", "missing-image-size", '{"annotations"'),
    (
        "boxes",
        '[{"width":640,"height":480,"depth":3}]',
        '{"width":640,"height":480,"depth":3}',
        "bad-image-size",
        '{"width":640',
    ),
    ("boxes", '"width":640,', "", "bad-image-size", '{"height":480'),
    ("boxes", '"height":480', '"height":0', "bad-image-size", '0,"depth"'),
    ("boxes", '"width":640', '"width":"640"', "bad-image-size", '"640"'),
    ("boxes", '"depth":3', '"depth":"RGB"', "bad-image-size", '"RGB"'),
    ("boxes", ',"depth":3', "", "missing-image-depth", '{"width":640'),
    ("boxes", '"width":640', '"width":5000', "image-dimension", "5000"),
    ("boxes", '"annotations":[', '"objects":[', "missing-annotations", '{"image_size"'),
    (
        "boxes",
        '{"class_id":4,"left":300,"top":222,"width":33,"height":51}',
        "[4,300,222,33,51]",
        "box-not-object",
        "[4,300",
    ),
    ("boxes", '"class_id":4,', "", "missing-class-id", '{"left":300'),
    ("boxes", '"class_id":4', '"class-id":4', "hyphen-in-class-id", '"class-id":4'),
    ("boxes", '"class_id":4', '"class_id":"4"', "index-as-text", '"4","left'),
    ("boxes", '"class_id":4', '"class_id":5', "missing-class-map-id", '5,"left'),
    ("boxes", '"left":300,', "", "missing-box-side", '{"class_id":4'),
    ("boxes", ',"height":51', "", "missing-box-side", '{"class_id":4'),
    ("boxes", '"top":222', '"top":"222"', "box-side-not-number", '"222"'),
    ("boxes", '"left":12,', '"left":-12,', "negative-box", "-12"),
    ("boxes", '"width":33', '"width":0', "empty-box", '0,"height":51'),
    ("boxes", '"height":51', '"height":-51', "empty-box", "-51"),
    ("boxes", '"width":33', '"width":1', "box-too-small", '1,"height":51'),
    ("boxes", '"left":300', '"left":620', "box-outside-image", "620"),
    ("boxes", '"top":222', '"top":470', "box-outside-image", "470"),
    ("boxes", '"objects":[{"confidence":0.87},{"confidence":0.62}],', "", "missing-objects", '{"class-map"'),
    ("boxes", ',{"confidence":0.62}', "", "object-count", '[{"confidence":0.87}]'),
    ("boxes", '{"confidence":0.62}', "{}", "missing-confidence", "{}"),
    ("boxes", '"confidence":0.62', '"confidence":"high"', "confidence-not-number", '"high"'),
    # masks
    ("mask", '"yard-ref":"s3://acme/out/0.png"', '"yard-ref":0', "mask-not-text", '0,"yard'),
    ("mask", "out/0.png", "out/0.jpg", "mask-format", '"s3://acme/out/0.jpg'),
    ("points", "labels.zlib", "labels.bin", "point-mask-format", '"s3://acme/out/0/labels.bin'),
    ("mask", '"internal-color-map"', '"color-map"', "missing-color-map", '{"color-map"'),
    ("mask", '"1":{', '"path":{', "color-map-key", '"path":{'),
    ("mask", '"1":{', '"256":{', "color-map-key", '"256"'),
    ("mask", '"class-name":"path",', "", "missing-class-name", '{"hex-color":"#2ca02c"'),
    ("mask", '"hex-color":"#2ca02c",', "", "missing-hex-color", '{"class-name":"path"'),
    ("mask", "#2ca02c", "2ca02c", "bad-hex-color", '"2ca02c"'),
    ("mask", "#2ca02c", "#2ca", "bad-hex-color", '"#2ca"'),
    ("mask", "#2ca02c", "#ffffff", "duplicate-color", '"#ffffff","confidence":0.88}},'),
    (
        "mask",
        '"hex-color":"#2ca02c","confidence":0.88',
        '"hex-color":"#2ca02c"',
        "missing-confidence",
        '{"class-name":"path"',
    ),
    # spans
    ("spans", '"entities":[{"label"', '"spans":[{"label"', "missing-entities", '{"annotations"'),
    ("spans", '"labels":[{', '"names":[{', "missing-span-labels", '{"names"'),
    ("spans", '{"label":"place","shortDisplayName":"plc"}', '{"name":"place"}', None, None),
    ("spans", '"label":"place","short', '"label":"person","short', None, None),
    ("spans", '"startOffset":14', '"startOffset":"14"', "bad-offset", '"14"'),
    ("spans", '"startOffset":14', '"startOffset":-4', "bad-offset", "-4"),
    ("spans", ',"endOffset":18', "", "bad-offset", '{"label":"place","startOffset"'),
    ("spans", '"endOffset":18', '"endOffset":14', "empty-span", "14}"),
    ("spans", '"endOffset":18', '"endOffset":20', "span-outside-text", "20}"),
    ("spans", '"label":"place","start', '"label":"city","start', "unknown-span-label", '"city"'),
    ("spans", '{"label":"place","start', '{"start', "span-without-label", '{"startOffset":14'),
    ("spans", '"entities":[{"confidence":0.9},{"confidence":0.7}],', "", "missing-span-confidences", '{"type"'),
    ("spans", ',{"confidence":0.7}', "", "entity-count", '[{"confidence":0.9}]'),
    ("spans", '{"confidence":0.7}', '{"score":0.7}', "missing-confidence", '{"score"'),
    # frames
    ("video", '"dock-ref":"s3://acme/out/0/SeqLabel.json"', '"dock-ref":{}', "sequence-ref-not-text", "{},"),
    ("video", "SeqLabel.json", "SeqLabel.xml", "sequence-ref-format", '"s3://acme/out/0/SeqLabel.xml'),
    ("tracks", '"class-map":{"0":"Car"},', "", "missing-class-map", '{"objects"'),
    ("cuboids", '"class-id":0,', "", "missing-class-id", '{"label-category'),
    ("cuboids", '"class-id":0', '"class-id":7', "missing-class-map-id", '7,"center'),
    ("cuboids", '"object-name":"Car:1",', "", "missing-object-name", '{"label-category'),
    ("cuboids", '"yaw":1.57', '"yaw":"1.57"', "bad-cuboid-number", '"1.57"'),
    ("cuboids", '"center-z":0.4,', "", "bad-cuboid-number", '{"label-category'),
    ("cuboids", '"length":4.1', '"length":0', "flat-cuboid", '0,"width":1.9'),
    ("cuboids", '"annotations":[', '"boxes":[', "missing-annotations", '{"boxes"'),
    (
        "custom",
        '"worker-response-ref":"s3://acme/out/0.json"',
        '"worker-response-ref":{}',
        "bad-worker-response-ref",
        "{}}}",
    ),
    ("sequence", '"seq-no":1,', "", "bad-seq-no", "{"),
    ("sequence", '"seq-no":1', '"seq-no":"one"', "bad-seq-no", '"one"'),
    ("sequence", '"prefix":"s3://acme/dock/clip3/",', "", "missing-prefix", "{"),
    ("sequence", "clip3/", "clip3", "prefix-without-slash", '"s3://acme/dock/clip3"'),
    ("sequence", '"number-of-frames":2', '"number-of-frames":3', "frame-count", "3,"),
    ("sequence", '"number-of-frames":2,', "", "frame-count", "{"),
    ("sequence", ',"frame":"f0002.jpg"', "", "frame-without-file", '{"frame-no":2'),
    ("sequence", '"frame-no":2', '"frame-no":"b"', "bad-frame-no", '"b"'),
    ("sequence", "1700000002", '"now"', "bad-timestamp", '"now"'),
    ("sequence", "1700000002", "1700000001", "timestamps-fall", '1700000001,"frame":"f0002'),
]
FAULTS = [fault for fault in FAULTS if fault[3] is not None]


def with_source(line, mark):
    """The same line about another item, which the lint does not take for the same one."""
    for text in (".jpg", ".png", ".mp4", ".bin", ".json", "late.", "damaged.", "Oslo.", "answer."):
        if text in line.split(",")[0]:
            changed = (
                line.replace(text, f"-{mark}{text}", 1) if text[0] == "." else line.replace(text, f"{text}{mark}", 1)
            )
            return changed.replace('"x-1"', f'"x-{mark}"')
    return line


def file_of(kind, bad):
    """The bad line between two sound ones; of a sequence file there is but one line."""
    if kind == "sequence":
        return f"{LINES[kind]}\n{bad}\n{LINES[kind]}\n"
    return f"{with_source(LINES[kind], 'first')}\n{bad}\n{with_source(LINES[kind], 'last')}\n"


def test_there_are_two_hundred_faults_and_no_two_are_alike():
    assert len(FAULTS) >= 200
    assert len({(kind, LINES[kind].replace(old, new, 1)) for kind, old, new, _, _ in FAULTS}) == len(FAULTS)
    assert len({rule for _, _, _, rule, _ in FAULTS}) >= 100


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{place}-{fault[0]}-{fault[3]}" for place, fault in enumerate(FAULTS)])
def test_the_one_fault_of_a_bad_line_is_named_with_line_column_rule_and_mend(fault):
    kind, old, new, rule, needle = fault
    assert LINES[kind].count(old) >= 1
    bad = LINES[kind].replace(old, new, 1)
    report = lint_bytes(file_of(kind, bad).encode())
    assert [(finding.line, finding.rule) for finding in report] == [(2, rule)], report.to_text()
    finding = report[0]
    where = len(bad) if needle is None else (bad + "#").index(needle)  # None: where the line ends too early
    assert finding.column == where + 1, (finding, bad[finding.column - 1 :][:40])
    assert len(finding.message) > 10
    assert len(finding.mend) > 5
    assert finding.mend != finding.message


@pytest.mark.parametrize("kind", [*LINES])
def test_a_sound_line_of_every_task_type_is_clean(kind):
    assert lint_bytes((LINES[kind] + "\n").encode()).is_clean
    assert lint_bytes(file_of(kind, with_source(LINES[kind], "middle")).encode()).to_text().count("\n") == 1


@pytest.mark.parametrize(
    ("content", "line", "column", "rule"),
    [
        (b"", 1, 1, "empty-file"),
        (b"\xef\xbb\xbf" + LINES["text"].encode(), 1, 1, "byte-order-mark"),
        (LINES["text"].encode().replace(b"parcel", b"p\xe4rcel"), 1, 17, "not-utf8"),
        (LINES["text"].encode().replace(b"parcel", b"parc\xc3"), 1, 20, "not-utf8"),
        (LINES["text"].encode().replace(b"parcel", b"\xed\xa0\x80"), 1, 16, "not-utf8"),
        (LINES["text"].replace("late.", "x" * 20_000).encode(), 1, 11, "attribute-too-long"),
        (b"\n" + LINES["text"].encode(), 1, 1, "blank-line"),
        (LINES["text"].encode() + b"\r\n\r\n", 2, 1, "blank-line"),
        (b'{"source":"a","b":"' + b'","b":"'.join([]) + b'"}\n{"source":"a"}', 2, 11, "duplicate-source"),
    ],
)
def test_faults_of_files_are_named_too(content, line, column, rule):
    [finding] = lint_bytes(content)
    assert (finding.line, finding.column, finding.rule) == (line, column, rule)


def test_a_line_that_is_too_long_is_named_where_it_becomes_so():
    line = "{" + ",".join(f'"key{number}":"{15_000 * "ä"}"' for number in range(7)) + ',"source":"a"}'
    [finding] = lint_bytes(line.encode())
    assert (finding.rule, finding.column) == ("line-too-long", 100_001)


def test_endless_lines_take_no_endless_time():
    line = "{" + ",".join(f'"a{number}-metadata":{{}}' for number in range(100_000)) + "}"
    assert [finding.rule for finding in lint_bytes(line.encode())] == ["line-too-long"]
    classes = ",".join(f'"{number}":"c{number}"' for number in range(15_000))
    line = LINES["multi"].replace('"0":"delay","3":"damage"', classes)
    assert {finding.rule for finding in lint_bytes(line.encode())} == {"attribute-too-long", "line-too-long"}


def test_columns_count_characters_and_not_bytes():
    [finding] = lint_bytes('{"source":"Grüße, 世界","source":"b"}'.encode())
    assert (finding.rule, finding.column) == ("duplicate-key", 23)


def test_more_items_than_a_job_takes_and_more_lines_than_rekognition_takes_are_named():
    content = "".join(f'{{"source":"{number}"}}\n' for number in range(250_001)).encode()
    assert [finding.rule for finding in lint_bytes(content)] == ["too-many-items", "too-many-rekognition-lines"]
    frames = ",".join(f'{{"frame":"{number}.jpg"}}' for number in range(2001))
    sequence = f'{{"seq-no":1,"prefix":"s3://a/b/","number-of-frames":2001,"frames":[{frames}]}}'
    assert [finding.rule for finding in lint_bytes(sequence.encode())] == ["too-many-frames"]


def test_limits_of_parts_are_named():
    box = '{"class_id":0,"left":1,"top":1,"width":9,"height":9}'
    line = LINES["boxes"].replace('{"class_id":4,"left":300,"top":222,"width":33,"height":51}', ",".join([box] * 50))
    line = line.replace('{"confidence":0.62}', ",".join(['{"confidence":0.5}'] * 50))
    [finding] = lint_bytes(line.encode())
    assert (finding.rule, finding.consumer_error) == ("too-many-boxes", "ERROR_TOO_MANY_BOUNDING_BOXES")
    empty = LINES["boxes"][: LINES["boxes"].index('{"class_id":0')] + LINES["boxes"][LINES["boxes"].index("]},") :]
    empty = empty.replace('{"confidence":0.87},{"confidence":0.62}', "")
    [finding] = lint_bytes(empty.encode())
    assert (finding.rule, finding.severity, finding.consumer) == ("no-boxes", "warning", "rekognition")


def test_rekognitions_rules_can_be_left_out():
    line = LINES["image"].replace("s3://acme/barn/1.jpg", "barn/1.jpg").encode()
    assert [finding.rule for finding in lint_bytes(line)] == ["source-ref-not-s3"]
    assert lint_bytes(line, consumers=["ground-truth"]).is_clean
    with pytest.raises(gt.InvalidArgument, match="some of"):
        lint_bytes(line, consumers=["me"])


def test_rekognition_does_not_read_several_classes_nor_lines_without_a_label():
    multi = (
        LINES["multi"].replace('"source":"Late and damaged."', '"source-ref":"s3://a/1.jpg"').replace("text-", "image-")
    )
    assert [finding.rule for finding in lint_bytes(multi.encode())] == ["rekognition-multi-label"]
    bare = LINES["image"] + '\n{"source-ref":"s3://acme/barn/2.jpg"}\n'
    [finding] = lint_bytes(bare.encode())
    assert (finding.line, finding.consumer_error) == (2, "WARNING_UNANNOTATED_RECORD")


def test_every_named_error_of_a_json_line_of_rekognition_is_used():
    found = set()
    for kind, old, new, _, _ in FAULTS:
        report = lint_bytes(file_of(kind, LINES[kind].replace(old, new, 1)).encode())
        found |= {finding.consumer_error for finding in report}
    assert found >= {
        "ERROR_MISSING_SOURCE_REF",
        "ERROR_INVALID_SOURCE_REF_FORMAT",
        "ERROR_NO_LABEL_ATTRIBUTES",
        "ERROR_INVALID_LABEL_ATTRIBUTE_FORMAT",
        "ERROR_INVALID_LABEL_ATTRIBUTE_METADATA_FORMAT",
        "ERROR_MISSING_BOUNDING_BOX_CONFIDENCE",
        "ERROR_MISSING_CLASS_MAP_ID",
        "ERROR_INVALID_JSON_LINE",
        "ERROR_INVALID_IMAGE",
        "ERROR_INVALID_IMAGE_DIMENSION",
        "ERROR_INVALID_BOUNDING_BOX",
        "ERROR_BOUNDING_BOX_TOO_SMALL",
        "ERROR_INVALID_LABEL_NAME_LENGTH",
        "ERROR_UNSUPPORTED_USE_CASE_TYPE",
    }


def test_every_rule_that_is_found_is_listed_with_what_it_asks():
    rules = gt.formats.lint_rules()
    assert list(rules) == sorted(rules)
    assert {rule for _, _, _, rule, _ in FAULTS} <= set(rules)
    assert min(len(demand) for demand in rules.values()) > 10


def test_it_never_stops_at_the_first(tmp_path):
    path = tmp_path / "bad.manifest"
    bad = [LINES[kind].replace(old, new, 1) for kind, old, new, _, _ in FAULTS]
    path.write_text("\n".join(bad) + "\n")
    report = gt.formats.lint_manifest(path)
    assert report.n_lines == len(FAULTS)
    found = Counter((finding.line, finding.rule) for finding in report)
    by_themselves = [
        (line, rule)
        for line, (_, _, _, rule, _) in enumerate(FAULTS, start=1)
        # What is a fault beside other lines only is not one here.
        if rule not in ("class-renamed", "class-renumbered", "duplicate-source", "duplicate-object-id")
    ]
    assert all(found[place] for place in by_themselves)


def test_reports_are_written_as_text_json_and_github_annotations(tmp_path):
    path = tmp_path / "a,b.manifest"
    path.write_text(LINES["text"].replace('"yes"', '"100%"') + "\n")
    report = gt.formats.lint_manifest(path)
    [finding] = report
    assert report.to_text().startswith(f"{path}:1:{finding.column}: error: human-annotated is ")
    assert "    mend: write" in report.to_text()
    assert report.to_text().endswith("1 lines, 1 errors, 0 warnings\n")
    content = json.loads(report.to_json())
    assert content["n_errors"] == 1
    assert content["findings"][0]["rule"] == "bad-human-annotated"
    annotation = report.to_github()
    assert annotation.startswith("::error file=")
    assert "a%2Cb.manifest,line=1,col=" in annotation
    assert '"100%25"' in annotation
    assert annotation.count("\n") == 1
    assert repr(report) == f"LintReport({path}: 1 lines, 1 findings)"


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(gt.ArchiveError, match="none"):
        gt.formats.lint_manifest(tmp_path / "none")


def test_the_published_job_is_clean():
    root = os.environ.get("GTLABEL_TEST_DATA")
    if root is None:
        pytest.skip("the environment variable GTLABEL_TEST_DATA is not set")
    import tarfile

    with tarfile.open(Path(root) / "ground_truth_job" / "job.tar.gz") as job:
        content = job.extractfile("output.manifest").read()
    report = lint_bytes(content)
    assert report.is_clean
    assert report.n_lines == 302


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.sampled_from([line.encode() for line in LINES.values()]), st.data())
def test_any_bytes_give_findings_and_no_failure(content, data):
    cut = data.draw(st.integers(0, len(content)))
    put = data.draw(st.binary(max_size=4))
    report = lint_bytes(content[:cut] + put + content[cut:])
    for finding in report:
        assert finding.line >= 1
        assert finding.column >= 1
