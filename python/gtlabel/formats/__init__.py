"""Files that other programs read and write."""

from gtlabel.formats.conversion import FORMATS, Conversion, Format, convert

__all__ = ["FORMATS", "Conversion", "Format", "convert"]
