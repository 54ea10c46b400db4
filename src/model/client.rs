//! Who asks: one client for a run, a model for each endpoint, a conversation for each trial.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use axum::body::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use super::budget::{Account, Allowance, Budget, Scope, Tally};
use super::conversation::Conversation;
use super::endpoint::{Endpoint, Unfit};
use super::pace::{Pace, Standing};
use super::price::{Price, Prices};
use super::request::Request;
use super::secret::{Key, Scrub};
use super::tape::{Deck, Tape, TapeError};
use crate::base::sabotage;
use crate::record::TrialId;

/// What holds for all models of a run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What may be spent.
    pub budget: Budget,
    /// What tokens cost.
    pub prices: Prices,
    /// Whether exchanges are recorded, or played again.
    pub tape: Tape,
}

/// What asks models, for a whole run: it has the budget and the tape. Cheap to clone.
#[derive(Clone)]
pub struct Client(Arc<Run>);

struct Run {
    prices: Prices,
    account: Arc<Account>,
    trial: Allowance,
    scrub: RwLock<Scrub>,
    deck: Option<Deck>,
    /// Clients by milliseconds for a connection, and whether they go past proxies: one, as a rule.
    http: Mutex<BTreeMap<(u64, bool), reqwest::Client>>,
}

/// A model that is asked: all trials share its connections, its pace and its key. Cheap to clone.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    run: Arc<Run>,
    endpoint: Endpoint,
    url: reqwest::Url,
    http: reqwest::Client,
    key: Option<(HeaderName, HeaderValue)>,
    price: Option<Price>,
    pace: Arc<Pace>,
}

/// Whose conversation it is. What it is told and what it answers are kept under this name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Who {
    /// The trial.
    pub trial: TrialId,
    /// The part in the trial: `agent`, or the name of a guardrail that asks a model.
    pub part: String,
    /// The seed that waits are drawn from.
    pub seed: u64,
}

impl Client {
    /// Begins a run's account, and opens its tape.
    ///
    /// # Errors
    /// The tape cannot be used.
    pub fn new(options: Options) -> Result<Self, TapeError> {
        let Options { budget, prices, tape } = options;
        let account = Arc::new(Account::new(Scope::Run, budget.run));
        let deck = Deck::open(&tape)?;
        let (scrub, http) = Default::default();
        Ok(Self(Arc::new(Run { prices, account, trial: budget.trial, scrub, deck, http })))
    }

    /// Makes a model ready: reads its key, looks up its price.
    ///
    /// # Errors
    /// There is no key where one should be, or no price where there is a budget in dollars, or a setting that the model's
    /// dialect cannot say.
    pub fn model(&self, endpoint: Endpoint) -> Result<Model, Unfit> {
        endpoint.dialect.check(&endpoint.spec)?;
        let price = self.0.prices.of_spec(&endpoint.spec);
        let in_dollars = self.0.account.is_in_dollars() || self.0.trial.usd.is_some();
        if in_dollars && price.is_none() && !self.is_replay() {
            let problem = format!(
                "a budget in dollars needs a price, and the prices of {} have none for `{}`: add `[model.price]` with `input` \
                 and `output`, or give the budget in tokens",
                self.0.prices.as_of(),
                endpoint.spec.name,
            );
            return Err(Unfit::new("price", problem));
        }
        let key = if self.is_replay() { None } else { Key::read(&endpoint.key)? };
        if let Some(key) = &key {
            self.0.scrub.write().unwrap_or_else(PoisonError::into_inner).add(key);
        }
        let key = key.map(|key| header_of(&endpoint, &key)).transpose()?;
        let url = endpoint.dialect.address(&endpoint);
        let http = self.0.http(&endpoint)?;
        let pace = Arc::new(Pace::new(endpoint.spec.patience.in_flight_max));
        Ok(Model(Arc::new(Inner { run: Arc::clone(&self.0), endpoint, url, http, key, price, pace })))
    }

    /// Whether a tape is played again, and nothing is asked.
    pub fn is_replay(&self) -> bool {
        self.0.deck.as_ref().is_some_and(Deck::is_replay)
    }

    /// Files of the tape whose last line was cut off, because their writer was killed.
    pub fn torn_tapes(&self) -> usize {
        self.0.deck.as_ref().map_or(0, Deck::torn)
    }

    /// What the whole run has spent so far. What was on the tape already costs nothing.
    pub fn tally(&self) -> Tally {
        self.0.account.tally()
    }

    /// Forces the tape to the disk: for the end of a run.
    ///
    /// # Errors
    /// The disk says no.
    pub fn sync(&self) -> std::io::Result<()> {
        self.0.deck.as_ref().map_or(Ok(()), Deck::sync)
    }
}

/// The header that carries the key; it is never printed.
fn header_of(endpoint: &Endpoint, key: &Key) -> Result<(HeaderName, HeaderValue), Unfit> {
    let (name, before) = match &endpoint.spec.key_header {
        Some(name) => (name.as_str(), ""),
        None => endpoint.dialect.key_header(),
    };
    let unfit = |_| Unfit::new("key_header", format!("`{name}` is no name of a header"));
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(unfit)?;
    let mut value = HeaderValue::from_str(&format!("{before}{}", key.expose()))
        .map_err(|_| Unfit::new("key_env", "what stands there cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

impl Run {
    /// A client that follows no redirect, so that a key goes nowhere else.
    fn http(&self, endpoint: &Endpoint) -> Result<reqwest::Client, Unfit> {
        let connect_ms = endpoint.spec.patience.connect_ms;
        let is_local = endpoint.base.host_str().is_some_and(is_loopback);
        let mut clients = self.http.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(connect_ms, is_local)) {
            return Ok(client.clone());
        }
        // Whoever has chosen one before us has chosen the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(Duration::from_millis(connect_ms))
            .user_agent(concat!("chesterton/", env!("CARGO_PKG_VERSION")));
        let builder = if is_local { builder.no_proxy() } else { builder };
        let client = builder
            .build()
            .map_err(|error| Unfit::new("base_url", format!("no connections can be made: {error}")))?;
        clients.insert((connect_ms, is_local), client.clone());
        Ok(client)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

impl Model {
    /// Begins a conversation.
    pub fn conversation(&self, who: Who) -> Conversation {
        self.conversation_within(who, Allowance::default())
    }

    /// Begins a conversation that has an allowance of its own, beside that of each trial of the run.
    pub fn conversation_within(&self, who: Who, own: Allowance) -> Conversation {
        Conversation::new(self.clone(), who, self.trial_account(own))
    }

    /// An account for one trial.
    pub(super) fn trial_account(&self, own: Allowance) -> Arc<Account> {
        Arc::new(Account::new(Scope::Trial, self.0.run.trial.and(own)))
    }

    /// Its endpoint.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// Its price, where one is known.
    pub fn price(&self) -> Option<&Price> {
        self.0.price.as_ref()
    }

    /// How its requests stand.
    pub fn standing(&self) -> Standing {
        self.0.pace.standing()
    }

    pub(super) fn pace(&self) -> &Arc<Pace> {
        &self.0.pace
    }

    pub(super) fn deck(&self) -> Option<&Deck> {
        self.0.run.deck.as_ref()
    }

    pub(super) fn url(&self) -> &reqwest::Url {
        &self.0.url
    }

    pub(super) fn run_account(&self) -> &Arc<Account> {
        &self.0.run.account
    }

    /// The body of a request, without any key that may have found its way into the conversation. It may have so many bytes.
    pub(super) fn body(&self, request: &Request, bytes: usize) -> String {
        let body = self.0.endpoint.dialect.body(&self.0.endpoint.spec, request);
        let mut text = Vec::with_capacity(bytes);
        // What is told is made of texts and of JSON that was read: it can be written.
        let written =
            serde_json::to_writer(&mut text, &body).ok().and_then(|()| String::from_utf8(text).ok());
        self.stripped(written.unwrap_or_default())
    }

    /// A request that is ready to be sent.
    pub(super) fn request(&self, body: Bytes) -> reqwest::RequestBuilder {
        self.passed(self.0.url.clone(), HeaderMap::new(), body)
    }

    /// A request of an agent, with what the agent does not have: our headers, and the key.
    pub(super) fn passed(
        &self,
        url: reqwest::Url,
        mut headers: HeaderMap,
        body: Bytes,
    ) -> reqwest::RequestBuilder {
        let Inner { endpoint, http, key, .. } = &*self.0;
        headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
        if let Some((name, value)) = endpoint.dialect.version_header() {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
        let mut request = http.post(url).headers(headers);
        for (name, value) in &endpoint.spec.headers {
            request = request.header(name, value);
        }
        let request = match key {
            Some((name, value)) => request.header(name, value).body(body),
            None => request.body(body),
        };
        sabotage::crash(&request);
        request
    }

    /// Where a request of an agent goes.
    pub(super) fn passed_url(&self, path: &str, query: &str) -> reqwest::Url {
        let mut url = self.0.endpoint.dialect.passed(&self.0.endpoint, path);
        let own = url.query().unwrap_or_default().to_owned();
        let both: Vec<&str> = [own.as_str(), query].into_iter().filter(|part| !part.is_empty()).collect();
        url.set_query((!both.is_empty()).then(|| both.join("&")).as_deref());
        url
    }

    /// The price of a model that an agent asks for at this endpoint.
    pub(super) fn price_of(&self, name: &str) -> Option<Price> {
        if name == self.0.endpoint.spec.name { self.0.price } else { self.0.run.prices.of(name) }
    }

    /// Whether somebody counts in dollars.
    pub(super) fn is_in_dollars(&self) -> bool {
        self.0.run.account.is_in_dollars() || self.0.run.trial.usd.is_some()
    }

    /// A text without keys.
    pub(super) fn strip<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        self.0.run.scrub.read().unwrap_or_else(PoisonError::into_inner).strip(text)
    }

    /// A text without keys, the same one if there are none.
    pub(super) fn stripped(&self, text: String) -> String {
        let stripped = match self.strip(&text) {
            std::borrow::Cow::Borrowed(_) => None,
            std::borrow::Cow::Owned(stripped) => Some(stripped),
        };
        stripped.unwrap_or(text)
    }

    /// Strips keys from all texts of a value; whether there were any.
    pub(super) fn strip_value(&self, value: &mut Value) -> bool {
        self.0.run.scrub.read().unwrap_or_else(PoisonError::into_inner).strip_value(value)
    }
}
