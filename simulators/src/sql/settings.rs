//! Settings of the server.

/// What `SHOW` and `pg_settings` tell.
pub(super) const SETTINGS: &[(&str, &str)] = &[
    ("application_name", "psql"),
    ("client_encoding", "UTF8"),
    ("data_directory", "/rdsdbdata/db"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("idle_in_transaction_session_timeout", "1d"),
    ("listen_addresses", "*"),
    ("lock_timeout", "0"),
    ("max_connections", "1647"),
    ("max_wal_size", "4GB"),
    ("port", "5432"),
    ("rds.force_ssl", "1"),
    ("search_path", "\"$user\", public"),
    ("server_encoding", "UTF8"),
    ("server_version", "15.8"),
    ("server_version_num", "150008"),
    ("shared_buffers", "8GB"),
    ("standard_conforming_strings", "on"),
    ("statement_timeout", "0"),
    ("synchronous_commit", "on"),
    ("timezone", "UTC"),
    ("transaction_isolation", "read committed"),
    ("transaction_read_only", "off"),
    ("wal_level", "replica"),
    ("work_mem", "64MB"),
];

/// The value of a setting.
pub(super) fn setting(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    SETTINGS.iter().find(|(known, _)| *known == lower).map(|(_, value)| *value)
}
