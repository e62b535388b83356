internal import SluiceBase
internal import SluiceCrypto

/// Key pairs for routes whose secrets are public keys, instead of the sender's: random for examples, and fixed for
/// `sluice dev`, so that `sluice send` has the private key. The fixed ones are public, so they protect nothing.
enum DevelopmentKeys {
    /// A random pair. RSA keys take so long to generate that all examples share one.
    static func throwAway(_ algorithm: PublicKeyAlgorithm) -> SigningKey {
        switch algorithm {
        case .ed25519, .ecdsaP256SHA256: SigningKey.generate(algorithm)
        case .rsaSHA1: throwAwaySHA1
        case .rsaSHA256: throwAwaySHA256
        }
    }

    private static let throwAwaySHA1 = SigningKey.generate(.rsaSHA1)
    private static let throwAwaySHA256 = SigningKey.generate(.rsaSHA256)

    /// The fixed pair of an algorithm.
    static func pair(for algorithm: PublicKeyAlgorithm) -> SigningKey {
        let text =
            switch algorithm {
            case .ed25519: ed25519
            case .ecdsaP256SHA256: p256
            case .rsaSHA1, .rsaSHA256: rsa
            }
        guard let der = Base64.decode(Array(text.utf8).span), let key = try? SigningKey(der: der, for: algorithm) else {
            preconditionFailure("the development key of \(algorithm) cannot be read")
        }
        return key
    }

    // PKCS #8 in DER and base64.
    private static let ed25519 =
        "MC4CAQAwBQYDK2VwBCIEIHxq7ObXwd3EDcCEi7q1LKqPp2n6RFFSHl5INs/Dpir1"
    private static let p256 =
        "MHcCAQEEIB4S2FjIB9JCL83YFpTzyyLhErryuNkhLZH1faYUZpotoAoGCCqGSM49AwEHoUQDQgAEiAWg00FMBD3CdWdul+Lh"
        + "hr9xL5g1q2YJPAgbQFYKCM17H0jedQruXIqAw4lxIphszbl4rYyL9uwQ3p3h+pZYfA=="
    private static let rsa =
        "MIIEpQIBAAKCAQEAzQSix7V7KBleB9WXA7CJnjpzDgsHOtWOjZ138Q0zUpyXwcS3/2NzLbKzkePac5R00zk/z2qMtAPvgc57"
        + "DMfZ2sEnzDj3f+pwaJsO4OjdUT2nqeWp7fzpWg3z13WN6rqdCMDoUhqzVYgdrbVmihdfi9AzmozDJHERbI3snAn+KqOC7QxZ"
        + "ZHOCOLVjVt5JXx56P4yHI+/0yIIvGru+b2zQnEdUbuDxYDBQ1hlVmh5/0gQuouUcqHcMaThV5tANKImQRx1zHAdKC69xygIR"
        + "3Yn7GrgEH8VVfXJ4I+X1RHqh9GhSQQSymeraspDraAbT3XsOOJCstj8OfLIy6mOgXOqowwIDAQABAoIBABJy0a25kvTaHjAD"
        + "nwHh/Orpb45anQfvolLz/JBgaQyMsss+RyBgHpkvdMvdU7xa0OMWSmZWZtrmum1VMJVx1moXlNviXxh6TCsy6MqBqd4JokYT"
        + "jeWwgH8YtPyKbil/1BRZkjjxK3oNiZN8DgIXIFiVyk75+QVqd0WWxS01aP2vwnfo+aAg6mxqncW+aU60I904Jf7PA5JXXBbe"
        + "oJIZEapBNMyJpFJCGj87XoBeb+55/0dBat0TJ2KZhdNhuMIfn77E8iAStmOgAq2LNBxKp/9foGJm54mphRKuh+IBsKDwDmnR"
        + "t4TAxc8iItWaDAFk+FctL6CUPnCrN3qa36EMeGECgYEA6L1CTEgYtG+W0FhZVaO22MldVwnU0Zw6ZnHm1KD4ilQjg8Dhr+Zy"
        + "kY82hHPOdpU40B8s23Gao8LNK607K3XgJj4KDtWIJHGAcxpbMrolzAnq7VdqnMjeL02QCrAPahl38aBptCOz0l1OdCb1yQej"
        + "DPhgFt9t8XhYTRxvQDzMGZcCgYEA4YIeJBlK5FvMWTcPNX4MPl8INhvbQEkI7+uuGcHD7TwmZyXf9rMrAFVJIVLllUQA46Pt"
        + "pKiQZLIvwykbCimHeUUCOHlzshbsy/lsksJwcRNdOAh1JWDIMwINOXIk1p6oLBt6O/AnaOE2zff8FAEnKpH2/U761Dkffbdl"
        + "M3IwF7UCgYEAw8yNHR2+YvZKG6doKKsdpc3qT9I+j8VuQEds2c8+qSlV437+n3wxQJIKXG4M8Shi7nx7wXYWkdTNxQPs9ogp"
        + "diLVVVuBOJ+gX7V5qfh+2eQyF1BmqdY3TfZjywoJPcqFZOr+YoVyv/StjvxD5Mce/kdql3OKzA3hw6W7VoCPeKsCgYEA2PRB"
        + "IUPAHKEAoZhqJnGlP+BX2w7Dyj45vfEFZ7xWTgf/fl8e8I6BQWnL2KaTQB7TqC6PNEoD2QzhDKagYA+CSbaNo12dZGnP2ZGW"
        + "1j8AxJj3py/j3FkXYpOHu4vISz8K1px85etvTuTVwCTjvS86yibx89QnV0O5u05Uq8Eg6b0CgYEA5sbgY+YTcPB8dVzt/otR"
        + "uNfb21T8QcuNPPZdi/+bcAPEBw+wXIQ4Ok9pFjeiTpTsALQ4Uc9lDcOA5/YVj16cdo7FwgF6DpJQhZVP3buKbyjcpPm7+Mh9"
        + "rPMogbnn5NZvAsRRmwtT7U1SGu+BgNx9+5yrwqNSSJw8VkZLp0/oL44="
}
