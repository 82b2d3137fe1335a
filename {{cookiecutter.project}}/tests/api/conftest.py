from fixtures import call, endpoint_url, load

__all__ = ["call", "endpoint_url", "load"]
