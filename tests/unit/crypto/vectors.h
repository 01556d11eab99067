/* vectors.h — expected bytes of the stored formats, written by make_vectors.py; don't edit.
 *
 * Must never be changed to make a test pass: stored data depend on these bytes.
 *
 * Layer: tests/unit/crypto. Thread-safe: pure. */
#ifndef MUSUBI_VECTORS_H
#define MUSUBI_VECTORS_H

#define VECTOR_PLATFORM                                                                            \
    "0104010000000100700100000000000001202122232425262728292a2b2c2d2e2f303132333435363774"         \
    "58324cfe4af1f29af532dbf4b9ac52ad6dfec608a27ded964040c0de4c7c3aca17c6fa494fddeb70062c"         \
    "1efa4b39606e7bdb62efeeb5fb86dac6607ef9fcdc6cd3dbc0278edf301ccd3406bc6d4dbc0200000001"         \
    "0070010000000000000158595a5b5c5d5e5f606162636465666768696a6b6c6d6e6f7458324cfe4af1f2"         \
    "9af532dbf4b9ac52ad6dfec608a27ded964040c0de4c7c3ae164f6f993ddb24f9e01c9ebbd42a95e3096"         \
    "0b5f908b4474f3c2e56282a546a8b141af88ea4abba8430e646410223d1a030000000100700100000000"         \
    "000001909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a77458324cfe4af1f29af532dbf4b9ac"         \
    "52ad6dfec608a27ded964040c0de4c7c3ac25be63e914e08adddf071e33959c2072156e054b6d52289e2"         \
    "2a14c2d2e16830b282902a818acd50d6bc204b5afe0b09040000000100700100000000000001c8c9cacb"         \
    "cccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf7458324cfe4af1f29af532dbf4b9ac52ad6dfec608a2"         \
    "7ded964040c0de4c7c3ab171c19f904c8dc68f703752b362d92a3093ddd4d0dfe7b677df407f64616cf1"         \
    "ac826efdcbcc644a570d1357b2791561"
#define VECTOR_WRAPPED                                                                             \
    "0100000000000001000102030405060708090a0b0c0d0e0f10111213141516177458324cfe4af1f29af5"         \
    "32dbf4b9ac52ad6dfec608a27ded964040c0de4c7c3a870a7ef9b3a34ecf467e43342859912457a6925d"         \
    "44c5331bf7c22ef3c43bfad03b74f5649cd6ad71c88795f7fee4e1b0"
#define VECTOR_VALUE                                                                               \
    "010200000000000318191a1b1c1d1e1f202122232425262728292a2b2c2d2e2fe1f7bc5ad6f3499ba030"         \
    "5a675ddf03a26486f19e4206df80c03d226e073c7fe81f34f67ab1f245436e548fac502750b8fe21722a"         \
    "c3330439bef48b9a3121235b0bc9ff4037a3ef74af4b0d157339febd0271fb731bc962b790d51d067794"         \
    "09b34aecbf6eef30d3e0f1312d6477dbdf67"
#define VECTOR_RECORD_SHA256 "3186ce1f602d7f0ca39e5b2057b8a1789cddb441d874724072727eda2950bd56"
#define VECTOR_DETAIL                                                                              \
    "010100000000000348494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f22635117b957e2813dda"         \
    "b0e0c7f1e575cab1cdc2e5569d250b3a6b1448d8d435f8daf5838c6f4296ee34b732a7b54f4d70f5422e"         \
    "47ac3c753f9f321c9dde3879e0e74cc4bdd4b1c166efbd7ad574108a"
#define VECTOR_FINDER "4a57eb6f1cd1c3d6"
#define VECTOR_MAC "0d928fcc0aa33c3169a4a24c6a872546b4651d3d210f9d9a977a71a346f49867"
#define VECTOR_PSEUDONYM_16 "e166e136c61b1a4db12c8e1b8793a486"
#define VECTOR_PSEUDONYM_8 "7549c63ac7586b20"
#define VECTOR_SERVICE_ID "AQAAAAIoOmciK1DRJOCEKorWI9JUdm9CdgR_ExsKuYcC8N0cYQ"
#define VECTOR_TOKEN_HASH "89aa25dde29e84d9f0da20fa63834448c74f56c4d78b95e2d76e983e9f5cbf87"
#define VECTOR_LOG_SEED "707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
#define VECTOR_TOKEN_SEED "7ae2e97482eec73b4ed9f23e909520ff9150c6d439ef02c1d32a821a3f2f1dfc"
#define VECTOR_RECEIPT_SEED "1c35410f1eee1e939bd26f402ff506efb096e8a6c925a7866d748ac741443deb"
#define VECTOR_DRAFT_SEALED                                                                        \
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3"         \
    "a82f4eda7e39ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2b"         \
    "c369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8"         \
    "780acf49"
#define VECTOR_COMMITMENT "f9b898fd0c26bdb66cf0f27057fc5a43d9a6057c4ef42385f16234c43d4af4f2"
#define VECTOR_BLAKE2B_ABC "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319"

#endif
