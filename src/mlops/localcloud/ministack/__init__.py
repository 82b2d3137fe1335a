"""The adapter to ministack and moto: the only package that imports either of them.

ministack publishes no extension interface: services, resource types and integrations are entries in private
dictionaries, and its functions are replaced in their modules. `names.py` lists every name that is used, with the
reason; tests/localcloud/ministack/test_internals.py checks each of them against the installed version.

ministack reads its settings from the environment when it is imported, so its modules are imported inside functions:
`app.configure` must run first.
"""
