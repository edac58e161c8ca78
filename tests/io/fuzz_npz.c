/* For libFuzzer: any bytes at all are opened or refused, and so is each array. */
#include "adze/io.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ad_npz *file = bytes ? ad_npz_parse(bytes, size, "fuzz", NULL, NULL) : NULL;
    for (int i = 0; i < ad_npz_count(file); i++) {
        ad_array a;
        if (ad_npz_find(file, ad_npz_name(file, i)) != i)
            abort();
        if (ad_npz_read_as(file, i, AD_F64, NULL, &a, NULL) == AD_OK)
            ad_array_free(&a);
    }
    ad_npz_close(file);
    return 0;
}
