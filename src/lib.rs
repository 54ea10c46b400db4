//! Chesterton
