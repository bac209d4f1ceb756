"""The ports on AWS: the only modules that know boto3."""
