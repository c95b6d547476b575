//! onapp
