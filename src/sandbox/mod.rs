//! The other side: an API simulator served over real HTTP.
