"""Pages of CodePipeline's list operations."""


def page(request: dict, items: list[dict], member: str) -> dict:
    """One page of the items as the response, with nextToken when more follow."""
    start, size = int(request.get("nextToken", 0)), request.get("maxResults", 100)
    answer: dict = {member: items[start : start + size]}
    if start + size < len(items):
        answer["nextToken"] = str(start + size)
    return answer
