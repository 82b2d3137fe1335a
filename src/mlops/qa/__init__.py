"""QA of an endpoint: does it answer rightly, as accurately as the model was found to be, and fast enough.

`run` goes through all of it; `checks`, `accuracy` and `load` measure, `verdict` judges the load by
configuration/qa.yml. `generator` is what runs inside locust.
"""
