/* For libFuzzer: any bytes at all are read or refused, as a dense matrix and as triplets. */
#include "adze/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ad_array a;
    ad_triplets t;
    if (!bytes)
        return 0;
    if (ad_matrix_market_parse(bytes, size, "fuzz", AD_F32, 1 << 12, NULL, &a, NULL) == AD_OK)
        ad_array_free(&a);
    if (ad_matrix_market_parse_triplets(bytes, size, "fuzz", NULL, &t, NULL) == AD_OK)
        ad_triplets_free(&t);
    return 0;
}
