/* For libFuzzer: any bytes at all are opened or refused, and the numbers of what is opened are read or refused. */
#include "adze/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void read_array(const ad_safetensors *f, int i)
{
    ad_array a;
    ad_shape shape = ad_safetensors_shape(f, i);
    ad_view v = ad_safetensors_view(f, i);
    size_t count;
    if (v.data && ad_view_count(&v) > 0)
        (void)ad_view_get(&v, ad_view_count(&v) - 1);
    if (ad_safetensors_find(f, ad_safetensors_name(f, i)) != i ||
        ad_shape_count(&shape, &count) != AD_OK)
        __builtin_trap();
    if (ad_safetensors_read(f, i, NULL, &a, NULL) == AD_OK)
        ad_array_free(&a);
    if (ad_safetensors_read_as(f, i, AD_F64, NULL, &a, NULL) == AD_OK)
        ad_array_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ad_error error = {AD_OK, ""};
    ad_safetensors *f = bytes ? ad_safetensors_parse(bytes, size, "fuzz", NULL, &error) : NULL;
    for (int i = 0; i < ad_safetensors_count(f); i++)
        read_array(f, i);
    for (int i = 0; ad_safetensors_pair(f, i).key; i++)
        if (!ad_safetensors_metadata(f, ad_safetensors_pair(f, i).key))
            __builtin_trap();
    ad_safetensors_close(f);
    return 0;
}
