//! HS256 (HMAC with SHA-256, RFC 7518 section 3.2) for the token library.
//!
//! The library's own backends include RSA and three elliptic curves, which HS256 does not need.
//! Without them, algorithm confusion is impossible: every other algorithm is rejected.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{Error as SignatureError, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};
use sha2::Sha256;

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: signer,
    verifier_factory: verifier,
    // Needed only for JWKs, which are not used.
    key_utils: KeyUtils::new_unimplemented(),
};

/// Installs the algorithm, unless the program has installed another backend.
pub(super) fn install() {
    let _ = PROVIDER.install_default();
}

struct Hs256(Hmac<Sha256>);

fn hs256(algorithm: Algorithm, family: AlgorithmFamily, secret: &[u8]) -> Result<Hs256, Error> {
    if algorithm != Algorithm::HS256 || family != AlgorithmFamily::Hmac {
        return Err(ErrorKind::InvalidAlgorithm.into());
    }
    Hmac::new_from_slice(secret).map(Hs256).map_err(|_| ErrorKind::InvalidKeyFormat.into())
}

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>, Error> {
    Ok(Box::new(hs256(*algorithm, key.family(), key.as_bytes())?))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(hs256(*algorithm, key.family(), key.try_get_as_bytes()?)?))
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        Ok(self.0.clone().chain_update(message).finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), SignatureError> {
        // `verify_slice` compares in constant time.
        self.0
            .clone()
            .chain_update(message)
            .verify_slice(signature)
            .map_err(|_| SignatureError::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn vector_of_the_standard() {
        let mac = hs256(Algorithm::HS256, AlgorithmFamily::Hmac, b"Jefe").unwrap();
        let tag = mac.try_sign(b"what do ya want for nothing?").unwrap();
        assert_eq!(
            hex::encode(&tag),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert!(mac.verify(b"what do ya want for nothing?", &tag).is_ok());
        assert!(mac.verify(b"what do ya want for nothing!", &tag).is_err());
        assert!(mac.verify(b"what do ya want for nothing?", &tag[..31].to_vec()).is_err());
        assert!(mac.verify(b"what do ya want for nothing?", &Vec::new()).is_err());
    }

    /// RFC 7515, appendix A.1: header and claims unchanged, including line breaks.
    #[test]
    fn tag_of_the_example_of_the_standard() {
        install();
        let secret = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
        let key = EncodingKey::from_secret(&URL_SAFE_NO_PAD.decode(secret).unwrap());
        let text = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        let tag = jsonwebtoken::crypto::sign(text.as_bytes(), &key, Algorithm::HS256).unwrap();
        assert_eq!(tag, "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    }

    #[test]
    fn other_algorithms_are_rejected() {
        for algorithm in [
            Algorithm::HS384,
            Algorithm::HS512,
            Algorithm::RS256,
            Algorithm::ES256,
            Algorithm::EdDSA,
        ] {
            assert!(hs256(algorithm, AlgorithmFamily::Hmac, b"secret").is_err());
        }
        assert!(hs256(Algorithm::HS256, AlgorithmFamily::Rsa, b"secret").is_err());
    }
}
