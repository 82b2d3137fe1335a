"""Every internal name of ministack and moto that this package uses: where, how, in which form, and why.

To upgrade ministack or moto, change the pin and run tests/localcloud/ministack/test_internals.py: it fails for each
name that no longer exists, that has another form, or that ministack no longer looks up where this package replaces it.
"""

from typing import Literal, NamedTuple

Use = Literal["called", "changed", "read", "replaced"]


class Name(NamedTuple):
    """An attribute of a module. `form` is the signature of a callable without annotations, else the name of the type.

    `changed` means that entries of a collection are added or wrapped, `replaced` that the attribute is set.
    """

    attribute: str
    use: Use
    form: str
    reason: str


NAMES: dict[str, tuple[Name, ...]] = {
    "ministack.app": (
        Name("app", "called", "(scope, receive, send)", "The ASGI application that the server hands requests on to."),
        Name(
            "SERVICE_HANDLERS",
            "changed",
            "dict",
            "Services are added; checks run before and after ministack's handlers.",
        ),
        Name(
            "pin_request_origin",
            "replaced",
            "(source_ip, secure_transport)",
            "Requests on the loopback count as encrypted in transport.",
        ),
    ),
    "ministack.core.iam_actions": (
        Name("SERVICE_TO_IAM_NAMESPACE", "changed", "dict", "Added services authorise their own requests."),
        Name(
            "_lambda_action", "replaced", "(method, path)", "Requests for aliases are authorised as their own actions."
        ),
        Name(
            "extract_resource_arn",
            "replaced",
            "(service, method, path, headers, body, query_params, region, account_id)",
            "Policies see repositories of ECR and streams of logs.",
        ),
        Name(
            "request_tag_context",
            "replaced",
            "(service, iam_action, body, params)",
            "Conditions see cloudformation:RoleArn.",
        ),
        Name(
            "s3_service_context",
            "replaced",
            "(iam_action, query_params, path='', headers=None)",
            "Conditions see if-match and if-none-match of a write to S3.",
        ),
    ),
    "ministack.core.iam_evaluator": (
        Name(
            "AuthError",
            "called",
            "(code, message, details=<factory>)",
            "Refused credentials, unlike denied permissions; raised for requests without a key.",
        ),
        Name(
            "EvalContext",
            "called",
            "(principal_arn, principal_type, principal_account, action, resource_arn, region, source_ip=<factory>, secure_transport=<factory>, request_tags=<factory>, tag_keys=<factory>, service_context=<factory>, principal_keys=<factory>)",
            "The context of an evaluation outside a request.",
        ),
        Name(
            "EvalResult",
            "read",
            "(decision, principal_arn='', matched_sid='', reason='', resource_policy_arn='')",
            "Decision and principal of a denial.",
        ),
        Name(
            "_gather_role_policies", "called", "(role_name, account_id)", "The policies of a role, outside a request."
        ),
        Name(
            "_names_condition_key",
            "replaced",
            "(policies, prefix)",
            "Conditions on resource tags hold in permissions boundaries too.",
        ),
        Name(
            "_permissions_boundary", "called", "(store, name, account_id)", "The boundary of a role, outside a request."
        ),
        Name("check_credentials", "replaced", "(access_key_id, service=None)", "Requests without a key are refused."),
        Name(
            "enforce",
            "replaced",
            "(access_key_id, iam_action, service, region, resource_arn='*', service_context=None)",
            "Anonymous requests are denied, and decisions recorded.",
        ),
        Name("evaluate", "called", "(ctx, policies, *limits)", "Decides about a role outside a request."),
        Name(
            "evaluate_trust_policy",
            "called",
            "(trust_doc, caller_arn, ctx=None)",
            "Decides whether a service may assume a role.",
        ),
        Name(
            "find_iam_access_key_account",
            "called",
            "(access_key_id)",
            "The account of a request that ministack does not dispatch.",
        ),
        Name("is_root_access_key", "replaced", "(access_key_id)", "No well-known key is an account's root."),
        Name(
            "pin_request_origin",
            "called",
            "(source_ip, secure_transport)",
            "The original of the name in ministack.app.",
        ),
        Name("pin_signed_body", "called", "(body)", "Keeps the body of InvokeEndpoint for the check of its signature."),
        Name(
            "pin_signed_request",
            "called",
            "(method, raw_path, query_params, raw_headers, handshake=False)",
            "Keeps the request line and headers of InvokeEndpoint for the check of its signature.",
        ),
    ),
    "ministack.core.lambda_runtime": (
        Name(
            "Worker.invoke",
            "replaced",
            "(self, event, request_id, *, trace_id=None, depth=None, durable=None, invoked_function_arn=None)",
            "Records the traceback of a failed invocation.",
        ),
        Name("_PYTHON_WORKER_SCRIPT", "replaced", "str", "Python functions get the root logger of AWS's runtime."),
        Name("_worker_key", "called", "(func_name, config, qualifier)", "Finds the workers of a version."),
        Name("_workers", "read", "dict", "Shows whether a version still runs invocations."),
        Name("kill_workers", "replaced", "(workers)", "Invocations in flight end before their worker."),
    ),
    "ministack.core.responses": (
        Name(
            "AccountRegionScopedDict._data", "read", "member_descriptor", "The accounts and regions that have alarms."
        ),
        Name(
            "AccountScopedDict.get_scoped",
            "called",
            "(self, account_id, region, key, default=None)",
            "Roles and OIDC providers of another account.",
        ),
        Name("get_account_id", "called", "()", "The account of the current work."),
        Name("get_region", "called", "()", "The region of the current work."),
        Name(
            "set_request_account_id",
            "called",
            "(access_key_id)",
            "Sets the account of background work and of InvokeEndpoint.",
        ),
        Name("set_request_region", "called", "(region)", "Sets the region of background work and of InvokeEndpoint."),
    ),
    "ministack.core.router": (
        Name("SERVICE_PATTERNS", "changed", "dict", "Requests to added services are routed."),
        Name("extract_access_key_id", "called", "(headers, query_params=None)", "The key that signed a request."),
        Name(
            "extract_region",
            "called",
            "(headers, query_params=None)",
            "The region of a request that ministack does not dispatch.",
        ),
    ),
    "ministack.services.apigateway_v1": (
        Name(
            "_account_settings",
            "changed",
            "AccountRegionScopedDict",
            "The role for logs, without which a stage with logs is refused.",
        ),
        Name("_api_keys", "read", "AccountRegionScopedDict", "The tags of API keys for conditions."),
        Name(
            "_call_lambda_raw",
            "replaced",
            "(function_ref, event, *, account_id=None, region=None)",
            "An API's invocation of an alias is in flight from its routing on.",
        ),
        Name("_extract_lambda_ref_from_integration_uri", "called", "(uri)", "The function behind an integration."),
        Name("_get_rest_api", "called", "(api_id)", "The response for an API that was imported."),
        Name(
            "_gw_error",
            "called",
            "(response_type, message)",
            "The answer for an integration whose role may not call its function.",
        ),
        Name("_import_rest_api", "called", "(spec, base_data=None)", "ImportRestApi creates what the document has."),
        Name(
            "_invoke_lambda_proxy_v1",
            "replaced",
            "(integration, api_id, stage_name, stage, resource, request_path, method, headers, body, query_params, path_params, *, owner_account_id=None, owner_region=None, binary_media_types=None, authorizer_context=None, caller_identity=None)",
            "Integrations call functions under their role.",
        ),
        Name("_lambda_proxy_response", "replaced", "(result)", "Responses do not show why a function failed."),
        Name("_update_rest_api", "replaced", "(api_id, data)", "An empty size of compressed responses is none."),
        Name("_v1_error", "called", "(code, message, status)", "The response for a document that is not imported."),
    ),
    "ministack.services.cloudformation": (
        Name("_stacks", "read", "AccountRegionScopedDict", "Tags, template and state of a stack."),
    ),
    "ministack.services.cloudformation.changesets": (
        Name(
            "_apply_transforms",
            "replaced",
            "(template, provided_params=None, previous_params=None)",
            "Templates of AWS SAM are refused with advice.",
        ),
        Name(
            "_diff_resources",
            "replaced",
            "(old_template, new_template, resources=None, template=None, changed_params=(), retag=())",
            "Change sets respect conditions and outputs.",
        ),
        Name("_evaluate_conditions", "replaced", "(template, params)", "Conditions see pseudo parameters."),
        Name(
            "_resolve_props_for_diff",
            "replaced",
            "(template, params, stack_name, stack_id)",
            "Change sets respect conditions and outputs.",
        ),
    ),
    "ministack.services.cloudformation.engine": (
        Name(
            "_apply_transforms",
            "called",
            "(template, provided_params=None, previous_params=None)",
            "The original of the name in changesets and handlers.",
        ),
        Name("_evaluate_conditions", "replaced", "(template, params)", "Conditions see pseudo parameters."),
        Name("_parse_template", "called", "(template_body)", "Reads the update policy of an alias."),
        Name(
            "_resolve_refs",
            "called",
            "(value, resources, params, conditions, mappings, stack_name, stack_id)",
            "Resolves references in the update policy of an alias.",
        ),
        Name("declared_transforms", "called", "(template)", "Recognises templates of AWS SAM."),
    ),
    "ministack.services.cloudformation.handlers": (
        Name(
            "_ACTION_HANDLERS", "changed", "dict", "DescribeChangeSet answers without a member that AWS does not have."
        ),
        Name(
            "_apply_transforms",
            "replaced",
            "(template, provided_params=None, previous_params=None)",
            "Templates of AWS SAM are refused with advice.",
        ),
        Name("_evaluate_conditions", "replaced", "(template, params)", "Conditions see pseudo parameters."),
        Name(
            "_imported_export_names",
            "replaced",
            "(stack, stack_name)",
            "Imports that a condition leaves out do not count.",
        ),
    ),
    "ministack.services.cloudformation.provisioners": (
        Name(
            "_REPLACING_PROPERTIES", "changed", "dict", "Properties whose change replaces a resource of an added type."
        ),
        Name(
            "_RESOURCE_HANDLERS",
            "changed",
            "dict",
            "Resource types are added; updates of aliases and stages are extended.",
        ),
        Name("_S3_BUCKET_CONFIGURATIONS", "replaced", "tuple", "Buckets of templates get their BucketEncryption."),
        Name("_STACK_TAG_PROPERTY", "changed", "dict", "Resources of added types get the tags of their stack."),
        Name(
            "_physical_name",
            "called",
            "(stack_name, logical_id, *, lowercase=False, max_len=128, seeded=True)",
            "Generated names of resources.",
        ),
        Name(
            "_provision_resource",
            "replaced",
            "(resource_type, logical_id, props, stack_name)",
            "Properties of resources of nested stacks are checked.",
        ),
        Name(
            "_replacing_change",
            "called",
            "(resource_type, old_props, new_props)",
            "Tells whether an update replaces a resource.",
        ),
        Name("_sfn_definition", "called", "(props)", "The definition of a state machine in a template."),
        Name(
            "_update_resource",
            "replaced",
            "(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None)",
            "Properties of resources of nested stacks are checked.",
        ),
    ),
    "ministack.services.cloudformation.stacks": (
        Name(
            "_delete_resource",
            "replaced",
            "(resource_type, physical_id, props, stack_name=None, logical_id=None)",
            "Changes of resources are authorised under the role of the stack.",
        ),
        Name("_evaluate_conditions", "replaced", "(template, params)", "Conditions see pseudo parameters."),
        Name(
            "_provision_resource",
            "replaced",
            "(resource_type, logical_id, props, stack_name)",
            "Properties are checked, and changes authorised under the role of the stack.",
        ),
        Name("_runs_on_worker_thread", "replaced", "(resource_type)", "Handlers of added types may block."),
        Name(
            "_topological_sort",
            "replaced",
            "(resources, conditions)",
            "An alias is updated after the alarms and functions of its update policy.",
        ),
        Name(
            "_update_resource",
            "replaced",
            "(resource_type, physical_id, old_props, new_props, stack_name, logical_id=None, old_attrs=None)",
            "Properties are checked, and changes authorised under the role of the stack.",
        ),
    ),
    "ministack.services.cloudwatch": (
        Name("_alarms", "read", "AccountRegionScopedDict", "The alarms to evaluate."),
        Name("_calc_stats", "called", "(points)", "Statistics of a metric."),
        Name("_dims_key", "called", "(dims)", "The key of a metric."),
        Name(
            "_dispatch_alarm_actions",
            "replaced",
            "(alarm, old_state, new_state, reason)",
            "Changes of an alarm's state are published as events.",
        ),
        Name(
            "_evaluate_alarm",
            "replaced",
            "(alarm)",
            "Alarms are evaluated with dimensions, missing data and the scale of time.",
        ),
        Name(
            "_evaluate_parent_alarms", "called", "(child, seen=frozenset())", "Composite alarms follow their children."
        ),
        Name("_metric_bucket", "called", "(key)", "Where values of a metric are added."),
        Name("_metrics", "read", "AccountRegionScopedDict", "The values of a metric."),
        Name(
            "_record_history",
            "called",
            "(alarm_name, old_state, new_state, reason, alarm_type='MetricAlarm', reason_data=None)",
            "History of an alarm.",
        ),
        Name("_stat_value", "called", "(stats, stat_name, points=None)", "A statistic, percentiles too."),
    ),
    "ministack.services.cloudwatch_logs": (
        Name("_queries", "read", "AccountRegionScopedDict", "StopQuery refuses unknown queries."),
    ),
    "ministack.services.eventbridge": (
        Name("_SCHEDULER_TICK_INTERVAL", "replaced", "int", "Schedules run in the cloud's scale of time."),
        Name("_apply_input_transformer", "called", "(transformer, rule, view)", "Input of targets in added services."),
        Name("_cron_next_fire", "replaced", "(fields, after_dt)", "Schedules run in the cloud's scale of time."),
        Name(
            "_dispatch_to_stepfunctions",
            "replaced",
            "(arn, payload)",
            "State machines are started under the role of the target.",
        ),
        Name(
            "_invoke_target", "replaced", "(target, event, rule, view=None)", "Events reach targets in added services."
        ),
        Name("_parse_rate_seconds", "replaced", "(expr)", "Schedules run in the cloud's scale of time."),
        Name("_pattern_event_view", "called", "(event)", "Input of targets in added services."),
        Name("_put_events", "called", "(data, allow_aws_source=False)", "Publishes events of AWS's services."),
        Name("_rule_key", "called", "(rule_name, bus_name)", "The key of a rule."),
        Name("_rules", "read", "AccountRegionScopedDict", "EnableRule and DisableRule refuse unknown rules."),
        Name("_targets", "read", "AccountRegionScopedDict", "The role of a target."),
    ),
    "ministack.services.iam": (
        Name("_AWS_MANAGED_POLICY_PREFIX", "read", "str", "The name of a managed policy in its record."),
        Name("_access_keys", "changed", "AccountScopedDict", "The administrator's secret key cannot be guessed."),
        Name("_attach_role_policy", "called", "(p)", "Creates the role of an organization's account."),
        Name("_attach_user_policy", "called", "(p)", "Creates the administrator."),
        Name("_aws_managed_policies", "replaced", "dict", "All of AWS's managed policies are known."),
        Name("_create_access_key", "called", "(p)", "Creates the administrator."),
        Name("_create_role", "called", "(p)", "Creates the role of an organization's account."),
        Name("_create_user", "called", "(p)", "Creates the administrator."),
        Name("_gen_secret", "called", "()", "Credentials of a session."),
        Name("_gen_session_access_key", "called", "()", "Credentials of a session."),
        Name("_gen_session_token", "called", "()", "Credentials of a session."),
        Name(
            "_make_aws_managed_record", "called", "(name, document, description='')", "The record of a managed policy."
        ),
        Name("_oidc_providers", "read", "AccountScopedDict", "The OIDC provider of a token's issuer."),
        Name("_roles", "read", "AccountScopedDict", "Roles by ARN."),
        Name("policy_known", "called", "(arn, account_id=None)", "Unknown policies cannot be attached."),
    ),
    "ministack.services.kms": (
        Name("_aliases", "read", "AccountRegionScopedDict", "The account's key aws/s3."),
        Name("_create_alias", "called", "(data)", "Creates the account's key aws/s3."),
        Name("_create_key", "called", "(data)", "Creates the account's key aws/s3."),
        Name("_key_metadata", "replaced", "(rec)", "The key aws/s3 is described as AWS's own."),
        Name("_keys", "read", "AccountRegionScopedDict", "The ARN of the account's key aws/s3."),
    ),
    "ministack.services.lambda_svc": (
        Name(
            "_emit_lambda_metrics",
            "replaced",
            "(function_name, duration_ms, error, throttle)",
            "Metrics are measured here, with dimensions of aliases and versions.",
        ),
        Name("_execute_function", "replaced", "(func, event)", "Invocations are measured."),
        Name(
            "_execute_function_warm",
            "replaced",
            "(func, event, request_id)",
            "Failed invocations answer with the type of their exception.",
        ),
        Name(
            "_function_config_scope_mismatch",
            "called",
            "(config)",
            "An invocation in another account is measured there.",
        ),
        Name("_functions", "read", "AccountRegionScopedDict", "Versions and aliases of a function."),
        Name(
            "_get_func_record_for_ref_in_scope",
            "replaced",
            "(function_ref, *, account_id=None, region=None)",
            "Asynchronous invocations of an alias follow its weights.",
        ),
        Name(
            "_invoke",
            "replaced",
            "(name, event, headers, path_qualifier=None, query_params=None)",
            "Invocations of an alias follow its weights.",
        ),
        Name("_lambda_function_name_and_qualifier_from_arn", "called", "(value)", "Recognises an alias in an ARN."),
        Name("_presigned_code_url", "replaced", "(func_name)", "URLs of code cannot be guessed."),
        Name("_qp_first", "called", "(query_params, key, default='')", "The qualifier in the query of an invocation."),
        Name(
            "invalidate_worker",
            "replaced",
            "(func_name, qualifier=None, account=None, region=None)",
            "Invocations in flight end before their worker.",
        ),
    ),
    "ministack.services.s3": (
        Name("S3_NS", "read", "str", "The body of PutBucketEncryption."),
        Name("_bucket_default_sse_headers", "replaced", "(bucket_name)", "aws:kms without a key id uses aws/s3."),
        Name("_delete_bucket_encryption", "called", "(name)", "Buckets of templates get their BucketEncryption."),
        Name("_put_bucket_encryption", "called", "(name, body)", "Buckets of templates get their BucketEncryption."),
        Name(
            "_resolve_sse_write_headers", "replaced", "(headers, bucket_name)", "aws:kms without a key id uses aws/s3."
        ),
    ),
    "ministack.services.ssm": (
        Name(
            "_lookup_parameter",
            "called",
            "(name_or_arn, *, allow_arn_region=False, flexible_name=False)",
            "AddTagsToResource refuses unknown parameters.",
        ),
    ),
    "ministack.services.stepfunctions": (
        Name("_ExecutionError", "called", "(error, cause)", "A failed task of an added integration."),
        Name("_SERVICE_DISPATCH", "changed", "dict", "Integrations are added."),
        Name(
            "_add_event",
            "replaced",
            "(execution, event_type, details=None)",
            "Events of the history have AWS's members.",
        ),
        Name(
            "_apply_jsonata_arguments",
            "replaced",
            "(state_def, raw_input, ctx=None)",
            "Events of the history show a task's arguments.",
        ),
        Name(
            "_apply_parameters",
            "replaced",
            "(state_def, data, ctx=None)",
            "Events of the history show a task's arguments.",
        ),
        Name("_describe_execution", "replaced", "(data)", "Only executions that succeed have an output."),
        Name("_executions", "read", "AccountRegionScopedDict", "Status and events of executions."),
        Name(
            "_fail_state_error",
            "replaced",
            "(state_def, raw_input, ctx=None)",
            "A Fail state without an error has an empty one.",
        ),
        Name("_get_execution_history", "replaced", "(data)", "The first event has a previous event id."),
        Name(
            "_invoke_aws_sdk_integration",
            "replaced",
            "(resource, input_data)",
            "aws-sdk tasks call every service, under the role of the state machine.",
        ),
        Name("_prefix_sdk_error", "called", "(service_name, error_code)", "The name of an error of an aws-sdk task."),
        Name(
            "_resolve_state_machine_arn",
            "called",
            "(arn)",
            "The state machine behind the ARN of a version or an alias.",
        ),
        Name("_run_execution", "replaced", "(exec_arn)", "Jobs end with the execution that waits for them."),
        Name(
            "_run_parallel_branches",
            "replaced",
            "(state_def, raw_input, execution, ctx)",
            "The branches of a Parallel state end with the first that fails.",
        ),
        Name(
            "_run_sub_machine",
            "replaced",
            "(states, start_at, input_data, execution, ctx)",
            "The branches of a Parallel state end with the first that fails, and the history has their states.",
        ),
        Name("_start_execution", "replaced", "(data)", "StartExecution is idempotent."),
        Name("_state_machines", "read", "AccountRegionScopedDict", "Type and role of a state machine."),
        Name("_validate_definition_jsonata", "called", "(definition_str)", "Invalid JSONata in a definition."),
        Name("_validate_state_machine_definition", "replaced", "(data)", "Definitions are validated by statelint."),
        Name(
            "json_response",
            "called",
            "(data, status=200, *, content_type='application/x-amz-json-1.0')",
            "The form of an answer.",
        ),
    ),
    "ministack.services.sts": (
        Name("_assumed_role_arn", "called", "(role_arn, session_name)", "The ARN of a session."),
        Name("_caller_identity", "called", "(headers, query_params=None)", "The principal of a request."),
        Name("_role_id", "called", "(role_arn)", "The user id of a session."),
        Name("_sessions", "read", "dict", "The role behind a key."),
        Name(
            "_web_identity_principal",
            "replaced",
            "(token, provider_id, role_arn)",
            "Web identities are verified here, with all claims as condition keys.",
        ),
        Name("register_session", "called", "(access_key, session)", "Opens a session."),
    ),
    "ministack.services.tagging": (
        Name("_RESOURCE_TAG_COLLECTORS", "changed", "dict", "Conditions see the tags of API keys."),
    ),
    "moto.core.parse": (Name("PROTOCOL_PARSERS", "read", "dict", "Parsers of AWS's protocols."),),
    "moto.core.request": (
        Name(
            "Request.from_primitives",
            "called",
            "(method, url, headers, body=None)",
            "A request in the form of moto's parsers.",
        ),
        Name(
            "determine_request_protocol", "called", "(service_model, content_type=None)", "The protocol of a request."
        ),
    ),
    "moto.core.routing": (Name("get_service_router", "called", "(service_name)", "Finds the operation of a request."),),
    "moto.iam.aws_managed_policies": (
        Name("aws_managed_policies_data", "read", "str", "AWS's managed policies as JSON."),
    ),
}
