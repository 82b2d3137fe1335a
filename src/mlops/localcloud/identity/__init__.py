"""Who calls, and what they may do: roles that services assume, policies, boundaries, tokens of GitHub."""
