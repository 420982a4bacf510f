//! The scripts, hashed once.

use redis::Script;

macro_rules! scripts {
    ($($name:ident)*) => {
        pub(super) struct Scripts {
            $(pub(super) $name: Script,)*
        }

        impl Scripts {
            pub(super) fn new() -> Self {
                Self {
                    $($name: Script::new(include_str!(concat!("../script/", stringify!($name), ".lua"))),)*
                }
            }
        }
    };
}

scripts! {
    checkpoint
    commit
    head
    lease_acquire
    lease_release
    lease_renew
    nonce_put
    nonce_take
    open
    orders_append
    records
    restart_request
    runs
    seat_claim
    seat_list
    seat_release
    seat_release_all
    seat_touch
    stream_read
}
