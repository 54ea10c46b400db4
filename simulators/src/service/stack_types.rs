//! The resource types that templates may use: who keeps them, what replaces them, how long they take.
//!
//! Which properties force a replacement is taken from the published resource schemas (`createOnlyProperties`, and
//! `conditionalCreateOnlyProperties` for the conditional ones).

use std::fmt;

use serde_json::Value;

use super::observability;
use super::stack_template::Policy;

/// Which service keeps the resources of a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Keeper {
    Database,
    Bucket,
    Function,
    Api,
    Role,
    Watched(observability::Kind),
    /// No service here knows more of it than that it stands: the stacks keep it themselves.
    Stacks,
}

/// What a caller must acknowledge before a resource may be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Capability {
    None,
    Iam,
    NamedIam,
}

/// How a change of a property reaches the resource.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Recreation {
    Never,
    /// It depends on the value; the updates made here never need it.
    Conditionally,
    Always,
}

impl Recreation {
    /// As change sets name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::Conditionally => "Conditionally",
            Self::Always => "Always",
        }
    }
}

/// A resource type.
pub(crate) struct ResourceType {
    pub name: &'static str,
    pub keeper: Keeper,
    /// The property that names the physical resource; empty where it cannot be named.
    pub named_by: &'static str,
    pub create_s: i64,
    pub update_s: i64,
    pub delete_s: i64,
    /// Properties whose change always makes a new physical resource.
    pub replaces: &'static [&'static str],
    /// Properties whose change may.
    pub may_replace: &'static [&'static str],
    pub required: &'static [&'static str],
    /// What `Fn::GetAtt` gives, with `{id}` for the physical id, `{host}` for an instance's address, and `{partition}`,
    /// `{region}`, `{account}`, `{suffix}`.
    pub attributes: &'static [(&'static str, &'static str)],
    /// `DeletionPolicy: Snapshot` is possible.
    pub snapshots: bool,
    pub on_delete: Policy,
}

/// In the digest of a world a type is its name.
impl fmt::Debug for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What most types have; entries below say only what is their own.
pub(super) const PLAIN: ResourceType = ResourceType {
    name: "",
    keeper: Keeper::Stacks,
    named_by: "",
    create_s: 5,
    update_s: 5,
    delete_s: 5,
    replaces: &[],
    may_replace: &[],
    required: &[],
    attributes: &[],
    snapshots: false,
    on_delete: Policy::Delete,
};

const TYPES: &[ResourceType] = &[
    ResourceType {
        name: "AWS::RDS::DBInstance",
        keeper: Keeper::Database,
        named_by: "DBInstanceIdentifier",
        update_s: 30,
        replaces: &[
            "CharacterSetName",
            "CustomIAMInstanceProfile",
            "DBClusterIdentifier",
            "DBInstanceIdentifier",
            "DBName",
            "DBSubnetGroupName",
            "Engine",
            "KmsKeyId",
            "MasterUsername",
            "NcharCharacterSetName",
            "Port",
            "SourceRegion",
            "StorageEncrypted",
            "Timezone",
        ],
        may_replace: &[
            "AutoMinorVersionUpgrade",
            "AvailabilityZone",
            "BackupRetentionPeriod",
            "DBParameterGroupName",
            "DBSnapshotIdentifier",
            "MultiAZ",
            "PreferredMaintenanceWindow",
            "SourceDBInstanceIdentifier",
            "StorageType",
        ],
        attributes: &[
            ("DBInstanceArn", "arn:{partition}:rds:{region}:{account}:db:{id}"),
            ("Endpoint.Address", "{host}"),
            ("Endpoint.Port", "5432"),
        ],
        snapshots: true,
        // The default of this type, unlike any other's: a database that nobody thought about leaves a snapshot.
        on_delete: Policy::Snapshot,
        ..PLAIN
    },
    ResourceType {
        name: "AWS::RDS::DBSubnetGroup",
        named_by: "DBSubnetGroupName",
        replaces: &["DBSubnetGroupName"],
        required: &["DBSubnetGroupDescription", "SubnetIds"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::RDS::DBParameterGroup",
        named_by: "DBParameterGroupName",
        create_s: 20,
        replaces: &["DBParameterGroupName", "Description", "Family"],
        required: &["Description", "Family"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::S3::Bucket",
        keeper: Keeper::Bucket,
        named_by: "BucketName",
        create_s: 20,
        update_s: 10,
        replaces: &["BucketName"],
        attributes: &[
            ("Arn", "arn:{partition}:s3:::{id}"),
            ("DomainName", "{id}.s3.{suffix}"),
            ("RegionalDomainName", "{id}.s3.{region}.{suffix}"),
        ],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::Lambda::Function",
        keeper: Keeper::Function,
        named_by: "FunctionName",
        create_s: 20,
        update_s: 15,
        replaces: &["FunctionName", "PackageType"],
        required: &["Code", "Role"],
        attributes: &[("Arn", "arn:{partition}:lambda:{region}:{account}:function:{id}")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::Lambda::Permission",
        replaces: &["Action", "FunctionName", "Principal", "SourceAccount", "SourceArn"],
        required: &["Action", "FunctionName", "Principal"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::ApiGateway::RestApi",
        keeper: Keeper::Api,
        create_s: 10,
        update_s: 10,
        attributes: &[("RestApiId", "{id}"), ("RootResourceId", "rt0x7f2q1a")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::ApiGateway::Resource",
        replaces: &["ParentId", "PathPart", "RestApiId"],
        required: &["ParentId", "PathPart", "RestApiId"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::ApiGateway::Method",
        replaces: &["HttpMethod", "ResourceId", "RestApiId"],
        required: &["HttpMethod", "ResourceId", "RestApiId"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::ApiGateway::Deployment",
        replaces: &["DeploymentCanarySettings", "RestApiId"],
        required: &["RestApiId"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::ApiGateway::Stage",
        named_by: "StageName",
        replaces: &["RestApiId", "StageName"],
        required: &["RestApiId"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::IAM::Role",
        keeper: Keeper::Role,
        named_by: "RoleName",
        create_s: 15,
        update_s: 15,
        replaces: &["Path", "RoleName"],
        required: &["AssumeRolePolicyDocument"],
        attributes: &[
            ("Arn", "arn:{partition}:iam::{account}:role/{id}"),
            ("RoleId", "AROAQ3EGRZ5LDXK7VTWB2"),
        ],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::IAM::Policy",
        named_by: "PolicyName",
        create_s: 15,
        replaces: &["PolicyName"],
        required: &["PolicyDocument", "PolicyName"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::Logs::LogGroup",
        keeper: Keeper::Watched(observability::Kind::LogGroup),
        named_by: "LogGroupName",
        replaces: &["LogGroupName"],
        attributes: &[("Arn", "arn:{partition}:logs:{region}:{account}:log-group:{id}:*")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::CloudWatch::Alarm",
        keeper: Keeper::Watched(observability::Kind::Alarm),
        named_by: "AlarmName",
        replaces: &["AlarmName"],
        required: &["ComparisonOperator", "EvaluationPeriods"],
        attributes: &[("Arn", "arn:{partition}:cloudwatch:{region}:{account}:alarm:{id}")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::CloudWatch::Dashboard",
        keeper: Keeper::Watched(observability::Kind::Dashboard),
        named_by: "DashboardName",
        create_s: 2,
        update_s: 2,
        delete_s: 2,
        replaces: &["DashboardName"],
        required: &["DashboardBody"],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::EC2::SecurityGroup",
        named_by: "GroupName",
        create_s: 10,
        replaces: &["GroupDescription", "GroupName", "VpcId"],
        required: &["GroupDescription"],
        attributes: &[("GroupId", "sg-0b5e8f6f2d1c47a90")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::Events::Rule",
        named_by: "Name",
        create_s: 60,
        replaces: &["EventBusName", "Name"],
        attributes: &[("Arn", "arn:{partition}:events:{region}:{account}:rule/{id}")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::SNS::Topic",
        named_by: "TopicName",
        create_s: 10,
        replaces: &["FifoTopic", "TopicName"],
        attributes: &[("TopicArn", "arn:{partition}:sns:{region}:{account}:{id}"), ("TopicName", "{id}")],
        ..PLAIN
    },
    ResourceType {
        name: "AWS::SSM::Parameter",
        named_by: "Name",
        replaces: &["Name"],
        required: &["Type", "Value"],
        attributes: &[("Type", "String")],
        ..PLAIN
    },
    // The empty resource that engineers put into a template to have something in it.
    ResourceType { name: "AWS::CloudFormation::WaitConditionHandle", create_s: 1, delete_s: 1, ..PLAIN },
];

/// The type of that name.
pub(crate) fn find(name: &str) -> Option<&'static ResourceType> {
    TYPES.iter().find(|kind| kind.name == name)
}

impl ResourceType {
    /// How a change of a property reaches the resource.
    pub fn recreation(&self, property: &str) -> Recreation {
        match (self.replaces.contains(&property), self.may_replace.contains(&property)) {
            (true, _) => Recreation::Always,
            (_, true) => Recreation::Conditionally,
            _ => Recreation::Never,
        }
    }

    pub fn has_attribute(&self, name: &str) -> bool {
        self.attributes.iter().any(|(known, _)| *known == name)
    }

    /// What a template must acknowledge to make it.
    pub fn capability(&self, properties: &Value) -> Capability {
        match self.name {
            "AWS::IAM::Role" if properties.get("RoleName").is_some() => Capability::NamedIam,
            "AWS::IAM::Role" | "AWS::IAM::Policy" => Capability::Iam,
            _ => Capability::None,
        }
    }

    /// It holds records that live nowhere else.
    pub fn stateful(&self) -> bool {
        matches!(self.keeper, Keeper::Database | Keeper::Bucket)
    }

    /// Dependents use it while it runs.
    pub fn serving(&self) -> bool {
        matches!(self.keeper, Keeper::Database | Keeper::Function | Keeper::Api)
    }

    /// The keeper holds names of this type in lower case.
    pub fn lower_case(&self) -> bool {
        matches!(self.keeper, Keeper::Database | Keeper::Bucket) || self.name.starts_with("AWS::RDS::")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_database_force_a_replacement() {
        let database = find("AWS::RDS::DBInstance").unwrap();
        let how = |name| database.recreation(name);
        assert_eq!(
            ["DBInstanceIdentifier", "DBName", "MasterUsername", "MultiAZ", "AllocatedStorage"].map(how),
            [
                Recreation::Always,
                Recreation::Always,
                Recreation::Always,
                Recreation::Conditionally,
                Recreation::Never
            ]
        );
    }

    #[test]
    fn every_name_property_forces_a_replacement() {
        for kind in TYPES.iter().filter(|kind| !kind.named_by.is_empty()) {
            assert_eq!(kind.recreation(kind.named_by), Recreation::Always, "{}", kind.name);
        }
    }
}
