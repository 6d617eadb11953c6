//! The morning's page.
