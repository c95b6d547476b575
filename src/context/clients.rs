//! The connection, and the clients that are made of it when they are first used.

use std::time::Duration;

use super::Context;
use crate::config::{Connection, Provider, Wanted, env, resolve};
use crate::error::{Error, Result};
use crate::http::{Authentication, Http, Limits, Proxy, Target};
use crate::katapult::{Katapult, Lookup};
use crate::onapp::OnApp;

impl Context {
    /// What the flags say of the connection. `suits` is the provider that the command needs: the sandbox has both.
    pub fn wanted(&self, suits: Option<Provider>) -> Wanted {
        let global = &self.global;
        Wanted {
            profile: global.profile.clone(),
            provider: global.provider.or(suits.filter(|_| global.sandbox)),
            api_url: global.api_url.clone(),
            organization: global.org.clone(),
            user: None,
            sandbox: global.sandbox,
            read_only: self.global.read_only,
        }
    }

    /// The connection, resolved once.
    pub fn connection(&self, suits: Option<Provider>) -> Result<&Connection> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let connection = resolve(&self.wanted(suits), &self.system, self.file()?)?;
        Ok(self.connection.get_or_init(|| connection))
    }

    /// Returns the provider in use.
    pub fn provider(&self) -> Result<Provider> {
        Ok(self.connection(None)?.provider.value)
    }

    /// The organization that is named, if any.
    pub fn organization(&self) -> Result<Option<&str>> {
        Ok(self.connection(None)?.organization.as_ref().map(|setting| setting.value.as_str()))
    }

    /// The organization that is named, or that the run has looked into. Sends nothing.
    pub fn known_organization(&self) -> Result<Option<&str>> {
        let known = || self.katapult.get().and_then(Katapult::known_organization);
        Ok(self.organization()?.or_else(known))
    }

    /// The Katapult client.
    pub fn katapult(&self) -> Result<&Katapult> {
        if let Some(client) = self.katapult.get() {
            return Ok(client);
        }
        let connection = self.connection(Some(Provider::Katapult))?;
        if connection.provider.value != Provider::Katapult {
            return Err(not_offered(Provider::OnApp));
        }
        let client = self.katapult_at(connection)?;
        Ok(self.katapult.get_or_init(|| client))
    }

    /// The Katapult client, and the organization that the command looks into: the one that is named, else the only one
    /// that the token has access to.
    pub async fn katapult_in_org(&self) -> Result<(&Katapult, Lookup)> {
        let api = self.katapult()?;
        let organization = api.find_organization(self.organization()?).await?;
        Ok((api, organization))
    }

    /// A Katapult client for a connection that is not, or not yet, the one in use.
    pub fn katapult_at(&self, connection: &Connection) -> Result<Katapult> {
        let token = connection.write_credential()?;
        let http = self.http(connection, Authentication::Bearer(token), Katapult::DIALECT)?;
        Ok(Katapult::new(http, self.global.show_secrets))
    }

    /// The OnApp client.
    pub fn onapp(&self) -> Result<&OnApp> {
        if let Some(client) = self.onapp.get() {
            return Ok(client);
        }
        let connection = self.connection(Some(Provider::OnApp))?;
        if connection.provider.value != Provider::OnApp {
            let hint = match connection.api_url {
                Some(_) => "for an OnApp cloud set `--provider onapp`, `BPCTL_PROVIDER=onapp` or a profile",
                None => "the sandbox has an OnApp cloud, too: `--profile sandbox-onapp`",
            };
            return Err(not_offered(Provider::Katapult).hint(hint));
        }
        let client = self.onapp_at(connection)?;
        Ok(self.onapp.get_or_init(|| client))
    }

    /// An OnApp client for a connection that is not, or not yet, the one in use.
    pub fn onapp_at(&self, connection: &Connection) -> Result<OnApp> {
        connection.token()?;
        let Some(user) = &connection.user else {
            return Err(Error::config("an OnApp cloud needs a user")
                .hint(format!("set `{}`, or `user` in the profile: the account's email or id", env::USER)));
        };
        let authentication =
            Authentication::Basic { user: user.value.clone(), password: connection.write_credential()? };
        let http = self.http(connection, authentication, OnApp::DIALECT)?;
        Ok(OnApp::new(http, connection.wire.value, self.global.show_secrets))
    }

    fn http(
        &self,
        connection: &Connection,
        authentication: Authentication,
        dialect: crate::http::Dialect,
    ) -> Result<Http> {
        let base = match &connection.api_url {
            Some(url) => url.value.clone(),
            None => self.sandbox_url(connection.provider.value)?,
        };
        let ca_file = connection.ca_file.as_ref().map(|file| file.value.clone());
        let roots_file = env::roots_file(&self.system);
        let proxy = Proxy::find(&base, |name| self.system.variable(name))?;
        let read_credential = connection.read_credential()?;
        let target = Target { base, authentication, read_credential, ca_file, roots_file, proxy };
        let http = Http::new(target, self.limits(), dialect, Box::new(self.ui.http_progress()));
        let http = http.showing_secrets(self.global.show_secrets).read_only(connection.read_only.value);
        Ok(if self.global.print_request.is_some() { http.recording() } else { http })
    }

    /// How much time and how many tries there are.
    pub fn limits(&self) -> Limits {
        Limits {
            timeout: self.global.timeout.unwrap_or(Duration::from_secs(30)),
            max_wait: self.global.max_wait.unwrap_or(Duration::from_secs(120)).saturating_sub(self.reserved.get()),
            retries: self.global.retries.unwrap_or(3),
            concurrency: self.global.concurrency.unwrap_or(6),
        }
    }

    /// The HTTP client in use, if one was made.
    pub fn http_in_use(&self) -> Option<&Http> {
        self.katapult.get().map(Katapult::http).or_else(|| self.onapp.get().map(OnApp::http))
    }
}

/// The error of a command that this provider does not have.
pub fn not_offered(provider: Provider) -> Error {
    let offers = provider.offers();
    Error::usage(format!("this command is not supported by provider {provider}; supported: {offers}"))
}
