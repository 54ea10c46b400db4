//! What the items of lists are called in XML, from the published API models.

use super::xml::Lists;

/// Lists of RDS whose items are not called as the list is without its `s`.
const NAMED: &[(&str, &str)] = &[
    ("AssociatedRoles", "DBInstanceRole"),
    ("DBSecurityGroupMemberships", "DBSecurityGroup"),
    ("EventCategories", "EventCategory"),
    ("StatusInfos", "DBInstanceStatusInfo"),
    ("TagList", "Tag"),
    ("VpcSecurityGroups", "VpcSecurityGroupMembership"),
];

/// Lists of S3 that stand in an element of their own.
const WRAPPED: &[(&str, &str)] = &[("Buckets", "Bucket"), ("TagSet", "Tag")];

/// Lists of S3 whose elements are not called as the list is.
const FLAT: &[(&str, &str)] =
    &[("Versions", "Version"), ("DeleteMarkers", "DeleteMarker"), ("Errors", "Error")];

/// What the items of a list are called that stands in an element of its own; `None`: it does not, or they are members.
pub fn item(list: &str, lists: Lists) -> Option<&str> {
    let of = |table: &'static [(&str, &'static str)]| {
        table.iter().find(|(name, _)| *name == list).map(|(_, item)| *item)
    };
    match lists {
        Lists::Member => None,
        Lists::Flat => of(WRAPPED),
        Lists::Named => of(NAMED).or_else(|| list.strip_suffix('s')),
    }
}

/// What each item of a list is called that has no element of its own.
pub fn flat(list: &str) -> &str {
    FLAT.iter().find(|(name, _)| *name == list).map_or(list, |(_, item)| item)
}
