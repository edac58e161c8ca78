/* For libFuzzer: any bytes at all are read or refused, as they are and as f32. */
#include "adze/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ad_array a;
    if (bytes && ad_npy_parse(bytes, size, "fuzz", NULL, &a, NULL) == AD_OK)
        ad_array_free(&a);
    if (bytes && ad_npy_parse_as(bytes, size, "fuzz", AD_F32, NULL, &a, NULL) == AD_OK)
        ad_array_free(&a);
    return 0;
}
