//! From a token to a user, in one order: size, parts, header, key, signature, and only then claims.

use super::claims::{self, Token, TokenRules};
use super::compact::{self, Compact};
use super::fault::{KeyFault, TokenFault};
use super::key::{Key, Material};
use super::set::KeySet;
use super::{json, pem};

/// The keys and rules by which tokens are judged. Without a key it refuses every token.
#[derive(Debug, Clone)]
pub struct Tokens {
    rules: TokenRules,
    keys: Vec<Key>,
    has_set: bool,
}

impl Tokens {
    /// Rules without a key yet.
    pub const fn new(rules: TokenRules) -> Self {
        Self {
            rules,
            keys: Vec::new(),
            has_set: false,
        }
    }

    /// Adds the secret of HMAC: `BELLGATE_JWT_SECRET`.
    ///
    /// # Errors
    /// Also for a public key or certificate: whoever can read it could sign.
    pub fn with_secret(self, secret: &[u8]) -> Result<Self, KeyFault> {
        if secret.is_empty() {
            return Err(KeyFault::Empty);
        }
        if pem::is_public(secret) {
            return Err(KeyFault::PublicAsSecret);
        }
        self.with_key(Material::Secret(secret.to_vec()))
    }

    /// Adds the public key of RSA, ECDSA or Ed25519 from a PEM text: `BELLGATE_JWT_PUBLIC_KEY`.
    pub fn with_public_key(self, text: &[u8]) -> Result<Self, KeyFault> {
        let material = pem::public_key(text)?;
        self.with_key(material)
    }

    /// The keys of `BELLGATE_JWT_JWKS_URL` verify too: those that [`Tokens::read`] is given.
    #[must_use]
    pub const fn with_set(mut self) -> Self {
        self.has_set = true;
        self
    }

    fn with_key(mut self, material: Material) -> Result<Self, KeyFault> {
        let key = Key::new(material, self.rules.algorithms.as_deref())?;
        self.keys.push(key);
        Ok(self)
    }

    /// What `token` says, at `now` in Unix seconds. `set`: the keys of `BELLGATE_JWT_JWKS_URL`, where
    /// they are at hand. The name of a key matters in the set alone.
    ///
    /// # Errors
    /// [`TokenFault::UnknownKey`] and [`TokenFault::NoKeysYet`] may go by when the set is fetched; the
    /// token is refused until then.
    pub fn read(&self, token: &str, set: Option<&KeySet>, now: u64) -> Result<Token, TokenFault> {
        let compact = Compact::read(token)?;
        self.verify(&compact, set)?;
        let payload = compact::decode(compact.payload)?;
        let claims = json::object(&payload).ok_or(TokenFault::Claims)?;
        claims::judge(claims, &self.rules, now)
    }

    fn verify(&self, compact: &Compact<'_>, set: Option<&KeySet>) -> Result<(), TokenFault> {
        let algorithm = compact.algorithm;
        let allowed = self.rules.algorithms.as_ref();
        if allowed.is_some_and(|list| !list.contains(&algorithm)) {
            return Err(TokenFault::Algorithm);
        }
        let is_signed = |key: &Key| key.verifies(algorithm, compact.signed, &compact.signature);
        if self.keys.iter().any(is_signed) {
            return Ok(());
        }
        let own = self.keys.iter().any(|key| key.is_for(algorithm));
        match set.filter(|_| algorithm.is_public()) {
            Some(set) => {
                let key = set.find(compact.kid.as_deref(), algorithm)?;
                is_signed(key).then_some(()).ok_or(TokenFault::Signature)
            }
            None if self.has_set && algorithm.is_public() => Err(TokenFault::NoKeysYet),
            None if own => Err(TokenFault::Signature),
            None => Err(TokenFault::Algorithm),
        }
    }
}
