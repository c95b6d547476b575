//! The tokens of a connection as the HTTP client takes them. One that a program prints is fetched by the first request:
//! within its time limit, and Ctrl-C ends the program.

use super::{Connection, Token};
use crate::error::Result;
use crate::http::Credential;

impl Connection {
    /// The credential of writes. Where there is a token for reads alone, its absence is an error of the first write.
    pub fn write_credential(&self) -> Result<Credential> {
        match self.write_token() {
            Ok(token) => credential(token),
            Err(error) if self.has_read_token() => Ok(Credential::fetched(Box::new(move |_| {
                let error = error.clone();
                Box::pin(async move { Err(error) })
            }))),
            Err(error) => Err(error),
        }
    }

    /// The credential of reads, where it is another one than that of writes.
    pub fn read_credential(&self) -> Result<Option<Credential>> {
        self.has_read_token().then(|| credential(self.token()?)).transpose()
    }
}

fn credential(token: &Token) -> Result<Credential> {
    if let Some(token) = token.at_hand()? {
        return Ok(Credential::known(token));
    }
    let token = token.clone();
    Ok(Credential::fetched(Box::new(move |limit| {
        let token = token.clone();
        Box::pin(async move { token.fetch(limit).await })
    })))
}
