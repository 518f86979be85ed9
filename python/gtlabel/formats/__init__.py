"""Files that other programs read and write."""

from gtlabel.formats.annotation_lines import read_annotations, write_annotations
from gtlabel.formats.annotation_tables import (
    annotations_of_answers,
    annotations_of_labels,
    answers_of_annotations,
    box_columns,
    label_set_columns,
    labels_of_annotations,
    mask_columns,
    span_columns,
    with_consolidated,
)
from gtlabel.formats.annotations import Annotations, Answer, Box, Choice, Item, Mask, Other, Polygon, Span
from gtlabel.formats.answer_files import AnswerTable, read_answers, write_answers
from gtlabel.formats.coco import read_coco, write_coco
from gtlabel.formats.conll import read_conll, write_conll
from gtlabel.formats.conversion import FORMATS, Conversion, Format, convert
from gtlabel.formats.cvat import read_cvat, write_cvat
from gtlabel.formats.frames import class_names, labels_from_dataset, to_dataset, to_polars
from gtlabel.formats.label_files import read_labels, write_labels
from gtlabel.formats.label_studio import read_label_studio, write_label_studio
from gtlabel.formats.pascal_voc import read_pascal_voc, write_pascal_voc
from gtlabel.formats.yolo import read_yolo, read_yolo_classification, write_yolo, write_yolo_classification

__all__ = [
    "FORMATS",
    "Annotations",
    "Answer",
    "AnswerTable",
    "Box",
    "Choice",
    "Conversion",
    "Format",
    "Item",
    "Mask",
    "Other",
    "Polygon",
    "Span",
    "annotations_of_answers",
    "annotations_of_labels",
    "answers_of_annotations",
    "box_columns",
    "class_names",
    "convert",
    "label_set_columns",
    "labels_from_dataset",
    "labels_of_annotations",
    "mask_columns",
    "read_annotations",
    "read_answers",
    "read_coco",
    "read_conll",
    "read_cvat",
    "read_label_studio",
    "read_labels",
    "read_pascal_voc",
    "read_yolo",
    "read_yolo_classification",
    "span_columns",
    "to_dataset",
    "to_polars",
    "with_consolidated",
    "write_annotations",
    "write_answers",
    "write_coco",
    "write_conll",
    "write_cvat",
    "write_label_studio",
    "write_labels",
    "write_pascal_voc",
    "write_yolo",
    "write_yolo_classification",
]
