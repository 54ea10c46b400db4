//! The resource types that a configuration may use: who keeps them, what replaces them, how long they take.
//!
//! Which attributes force a replacement is taken from the schemas of the AWS provider, version 5 (`ForceNew`).

use super::observability;

/// Which service keeps the resources of a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Keeper {
    Database,
    Bucket,
    Watched(observability::Kind),
    /// No service here knows more of it than that it stands.
    Plain,
}

/// A resource type of the provider.
pub(super) struct Kind {
    pub name: &'static str,
    /// The type under which the world knows it.
    pub cloud: &'static str,
    /// As messages of the provider call it.
    pub title: &'static str,
    pub keeper: Keeper,
    /// The attribute that names the physical resource; the provider makes a name up where it is left out.
    pub named_by: &'static str,
    /// How a name that the provider makes up begins.
    pub prefix: &'static str,
    /// Attributes whose change makes a new physical resource.
    pub forces: &'static [&'static str],
    /// Attributes that the provider fills in, with `{id}`, `{host}`, `{region}` and `{account}`.
    pub computed: &'static [(&'static str, &'static str)],
    /// Permissions to make, change and remove one.
    pub actions: [&'static str; 3],
    pub create_s: i64,
    pub delete_s: i64,
}

/// In texts for people who read this code a type is its name.
impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const PLAIN: Kind = Kind {
    name: "",
    cloud: "",
    title: "",
    keeper: Keeper::Plain,
    named_by: "",
    prefix: "",
    forces: &[],
    computed: &[],
    actions: ["", "", ""],
    create_s: 3,
    delete_s: 3,
};

const KINDS: &[Kind] = &[
    Kind {
        name: "aws_db_instance",
        cloud: super::databases::KIND,
        title: "RDS DB Instance",
        keeper: Keeper::Database,
        named_by: "identifier",
        prefix: "terraform-",
        forces: &[
            "availability_zone",
            "character_set_name",
            "custom_iam_instance_profile",
            "db_name",
            "engine",
            "kms_key_id",
            "nchar_character_set_name",
            "snapshot_identifier",
            "storage_encrypted",
            "timezone",
            "username",
        ],
        computed: &[
            ("address", "{host}"),
            ("arn", "arn:{partition}:rds:{region}:{account}:db:{id}"),
            ("endpoint", "{host}:5432"),
        ],
        actions: ["rds:CreateDBInstance", "rds:ModifyDBInstance", "rds:DeleteDBInstance"],
        ..PLAIN
    },
    Kind {
        name: "aws_db_subnet_group",
        cloud: "AWS::RDS::DBSubnetGroup",
        title: "RDS DB Subnet Group",
        named_by: "name",
        prefix: "terraform-",
        forces: &["name"],
        computed: &[("arn", "arn:{partition}:rds:{region}:{account}:subgrp:{id}")],
        actions: ["rds:CreateDBSubnetGroup", "rds:ModifyDBSubnetGroup", "rds:DeleteDBSubnetGroup"],
        ..PLAIN
    },
    Kind {
        name: "aws_db_parameter_group",
        cloud: "AWS::RDS::DBParameterGroup",
        title: "RDS DB Parameter Group",
        named_by: "name",
        prefix: "terraform-",
        forces: &["description", "family", "name"],
        computed: &[("arn", "arn:{partition}:rds:{region}:{account}:pg:{id}")],
        actions: ["rds:CreateDBParameterGroup", "rds:ModifyDBParameterGroup", "rds:DeleteDBParameterGroup"],
        ..PLAIN
    },
    Kind {
        name: "aws_s3_bucket",
        cloud: "AWS::S3::Bucket",
        title: "S3 Bucket",
        keeper: Keeper::Bucket,
        named_by: "bucket",
        prefix: "terraform-",
        forces: &["bucket", "object_lock_enabled"],
        computed: &[("arn", "arn:{partition}:s3:::{id}")],
        actions: ["s3:CreateBucket", "s3:PutBucketTagging", "s3:DeleteBucket"],
        create_s: 4,
        ..PLAIN
    },
    Kind {
        name: "aws_vpc",
        cloud: "AWS::EC2::VPC",
        title: "EC2 VPC",
        prefix: "vpc-",
        forces: &["cidr_block", "instance_tenancy", "ipv4_ipam_pool_id"],
        computed: &[("arn", "arn:{partition}:ec2:{region}:{account}:vpc/{id}")],
        actions: ["ec2:CreateVpc", "ec2:ModifyVpcAttribute", "ec2:DeleteVpc"],
        ..PLAIN
    },
    Kind {
        name: "aws_subnet",
        cloud: "AWS::EC2::Subnet",
        title: "EC2 Subnet",
        prefix: "subnet-",
        forces: &["availability_zone", "cidr_block", "vpc_id"],
        computed: &[("arn", "arn:{partition}:ec2:{region}:{account}:subnet/{id}")],
        actions: ["ec2:CreateSubnet", "ec2:ModifySubnetAttribute", "ec2:DeleteSubnet"],
        ..PLAIN
    },
    Kind {
        name: "aws_security_group",
        cloud: "AWS::EC2::SecurityGroup",
        title: "Security Group",
        prefix: "sg-",
        forces: &["description", "name", "name_prefix", "vpc_id"],
        computed: &[("arn", "arn:{partition}:ec2:{region}:{account}:security-group/{id}")],
        actions: ["ec2:CreateSecurityGroup", "ec2:AuthorizeSecurityGroupIngress", "ec2:DeleteSecurityGroup"],
        ..PLAIN
    },
    Kind {
        name: "aws_cloudwatch_log_group",
        cloud: "AWS::Logs::LogGroup",
        title: "CloudWatch Logs Log Group",
        keeper: Keeper::Watched(observability::Kind::LogGroup),
        named_by: "name",
        prefix: "terraform-",
        forces: &["log_group_class", "name"],
        computed: &[("arn", "arn:{partition}:logs:{region}:{account}:log-group:{id}")],
        actions: ["logs:CreateLogGroup", "logs:PutRetentionPolicy", "logs:DeleteLogGroup"],
        ..PLAIN
    },
    Kind {
        name: "aws_sns_topic",
        cloud: "AWS::SNS::Topic",
        title: "SNS Topic",
        named_by: "name",
        prefix: "terraform-",
        forces: &["fifo_topic", "name"],
        computed: &[("arn", "arn:{partition}:sns:{region}:{account}:{id}")],
        actions: ["sns:CreateTopic", "sns:SetTopicAttributes", "sns:DeleteTopic"],
        ..PLAIN
    },
];

/// The type of that name.
pub(super) fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// The type of the thing at an address.
pub(super) fn of_address(address: &str) -> Option<&'static Kind> {
    address.split('.').next().and_then(find)
}

impl Kind {
    /// It holds records that live nowhere else.
    pub fn stateful(&self) -> bool {
        matches!(self.keeper, Keeper::Database | Keeper::Bucket)
    }
}
