"""The account and the region of the current request or background work."""


def account() -> str:
    """Account id of the current request or background work."""
    from ministack.core.responses import get_account_id

    return get_account_id()


def region() -> str:
    """Region of the current request or background work."""
    from ministack.core.responses import get_region

    return get_region()


def set_scope(account_id: str, region_name: str) -> None:
    """Set the account and the region of the current request or background work."""
    from ministack.core.responses import set_request_account_id, set_request_region

    set_request_account_id(account_id)
    set_request_region(region_name)
