"""A team of its own kind: three labels, no XGBoost."""

from mlops.contract import Category, Number

TARGET = Category("species", ("adelie", "chinstrap", "gentoo"))
FEATURES = (
    Number("flipper", exclusive_minimum=0),
    Number("mass", exclusive_minimum=0),
    Category("island", ("biscoe", "dream"), encoding="position"),
)
