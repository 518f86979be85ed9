"""Raw items become features: texts, images, the columns of a table, or a file of features.

For who has no encoder of his own. Features from a good pretrained encoder save more people than anything here.
"""

from gtlabel.raw_items.feature_cache import FeatureCache, default_cache_folder
from gtlabel.raw_items.feature_files import read_features
from gtlabel.raw_items.images import image_features
from gtlabel.raw_items.tables import table_features
from gtlabel.raw_items.texts import text_features

__all__ = [
    "FeatureCache",
    "default_cache_folder",
    "image_features",
    "read_features",
    "table_features",
    "text_features",
]
