"""Pages of CodeBuild's list operations."""

_SIZE = 100


def page(request: dict, items: list[str], member: str) -> dict:
    """One page of the items as the response, with nextToken when more follow."""
    start = int(request.get("nextToken", 0))
    answer: dict = {member: items[start : start + _SIZE]}
    if start + _SIZE < len(items):
        answer["nextToken"] = str(start + _SIZE)
    return answer
