"""The model of another team: a classifier with three labels, without XGBoost."""

from mlops.contract import Category, Number

TARGET = Category("species", ("adelie", "chinstrap", "gentoo"))
FEATURES = (
    Number("flipper", exclusive_minimum=0),
    Number("mass", exclusive_minimum=0),
    Category("island", ("biscoe", "dream"), encoding="position"),
)
