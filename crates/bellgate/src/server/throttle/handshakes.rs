//! Who may open a session: blocks, the rates of an address and of all, and what an address may have.

use std::time::{Duration, Instant};

use bellgate_codes::Refusal;
use bellgate_gate::RequestFacts;
use bellgate_gate::limits::{AddressBlock, Subject};
use bellgate_transport::http::answer::retry_after;
use bellgate_transport::{Admission, Permit};

use super::{Addresses, Throttle, blocked, is_hidden, locked};

impl Admission for Throttle {
    fn admit(&self, facts: &RequestFacts, now: Instant) -> Result<Permit, (Refusal, Duration)> {
        let rules = self.rules.load();
        let address = facts.client_addr().filter(|_| !is_hidden(facts));
        let address = address.map(AddressBlock::of);
        let mut addresses = None;
        if let Some(address) = address {
            let subject = Subject::Address(address);
            if let Some(refused) = self.by_hand.find(&subject, now) {
                return Err(refused);
            }
            if rules.is_on {
                if let Some(refused) = self.bad.refuse(&subject, now) {
                    return Err(refused);
                }
                let counts = addresses.insert(locked(&self.addresses));
                if counts.handshakes.is_shared {
                    self.untold.notify_one();
                }
                counts.handshake(address, now)?;
            }
        }
        // Last of the rates, so that one address alone cannot use it up.
        let mut addresses = addresses.unwrap_or_else(|| locked(&self.addresses));
        if let Err((rate, _)) = addresses.all.hit(&(), now) {
            let what = format!("handshakes come faster than {rate} (BELLGATE_HANDSHAKE_RATE)");
            let why = Refusal::Overloaded { what };
            let wait = retry_after(why.code().row().status);
            return Err((why, wait.unwrap_or(Duration::from_secs(1))));
        }
        drop(addresses);
        match address {
            Some(address) => self.census.open(address).map_err(|why| {
                let wait = retry_after(why.code().row().status);
                (why, wait.unwrap_or(Duration::from_secs(1)))
            }),
            None => Ok(Permit::free()),
        }
    }
}

impl Addresses {
    /// Counts a handshake of an address.
    fn handshake(
        &mut self,
        address: AddressBlock,
        now: Instant,
    ) -> Result<(), (Refusal, Duration)> {
        if let Some(left) = self.offences.blocked(&address, now) {
            return Err((blocked("address", left), left));
        }
        // A refused handshake is no offence: behind one address there may be an office that comes back
        // all at once.
        let hit = self.handshakes.hit(&address, now);
        hit.map_err(|(rate, retry_after)| {
            let why = Refusal::RateLimited {
                what: "sessions of this address".to_owned(),
                rate,
                setting: "SOCKETIO_RATE_LIMIT_CONNECTIONS".to_owned(),
            };
            (why, retry_after)
        })
    }
}
