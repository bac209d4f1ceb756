"""The CloudFormation types that LocalStack's open part lacks and the platform uses."""

from typing import Final

from septet_plugin.resources import Kind

KINDS: Final = {
    "AWS::ApiGateway::Authorizer": Kind(
        service="apigateway",
        create="create_authorizer",
        update="update_authorizer",
        delete="delete_authorizer",
        identifier="AuthorizerId",
        created={"AuthorizerId": "id"},
        fixed=("RestApiId",),
        patched=True,
    ),
    "AWS::CloudWatch::Dashboard": Kind(
        service="cloudwatch",
        create="put_dashboard",
        update="put_dashboard",
        delete="delete_dashboards",
        identifier="DashboardName",
        arguments={"DashboardNames": "DashboardName"},
        name="DashboardName",
        fixed=("DashboardName",),
        plural=True,
    ),
    "AWS::SageMaker::Model": Kind(
        service="sagemaker",
        create="create_model",
        delete="delete_model",
        identifier="ModelArn",
        created={"ModelArn": "ModelArn"},
        name="ModelName",
        fixed=("Containers", "EnableNetworkIsolation", "ExecutionRoleArn", "ModelName", "PrimaryContainer", "VpcConfig"),
    ),
    "AWS::SageMaker::EndpointConfig": Kind(
        service="sagemaker",
        create="create_endpoint_config",
        delete="delete_endpoint_config",
        identifier="EndpointConfigArn",
        created={"EndpointConfigArn": "EndpointConfigArn"},
        name="EndpointConfigName",
        fixed=(
            "AsyncInferenceConfig",
            "DataCaptureConfig",
            "EndpointConfigName",
            "KmsKeyId",
            "ProductionVariants",
            "ShadowProductionVariants",
        ),
    ),
    "AWS::SageMaker::Endpoint": Kind(
        service="sagemaker",
        create="create_endpoint",
        update="update_endpoint",
        delete="delete_endpoint",
        identifier="EndpointArn",
        created={"EndpointArn": "EndpointArn"},
        name="EndpointName",
        fixed=("EndpointName",),
    ),
    "AWS::StepFunctions::StateMachineVersion": Kind(
        service="stepfunctions",
        create="publish_state_machine_version",
        delete="delete_state_machine_version",
        identifier="Arn",
        created={"Arn": "stateMachineVersionArn"},
        arguments={"revisionId": "StateMachineRevisionId", "stateMachineVersionArn": "Arn"},
        fixed=("Description", "StateMachineArn", "StateMachineRevisionId"),
    ),
    "AWS::StepFunctions::StateMachineAlias": Kind(
        service="stepfunctions",
        create="create_state_machine_alias",
        update="update_state_machine_alias",
        delete="delete_state_machine_alias",
        identifier="Arn",
        created={"Arn": "stateMachineAliasArn"},
        arguments={"stateMachineAliasArn": "Arn"},
        name="Name",
        fixed=("Name",),
    ),
}
"""By type. What Ref and GetAtt give: "Resource and property reference" in AWS's CloudFormation user guide."""
