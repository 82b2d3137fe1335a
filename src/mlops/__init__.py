"""Release pipeline of this repository: configuration, requests, AWS calls, report."""
