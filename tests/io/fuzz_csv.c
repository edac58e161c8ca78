/* For libFuzzer: any bytes at all are read or refused. The first byte chooses how the file is to
 * look. */
#include "adze/io.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    ad_array a;
    ad_csv_names names;
    if (size == 0)
        return 0;
    unsigned choice = bytes[0];
    ad_csv_options csv = {.size = sizeof csv,
                          .delimiter = ",;\t "[choice % 4],
                          .decimal = choice % 4 == 1 ? ',' : '.',
                          .comment = choice & 4 ? '#' : '\0',
                          .header = choice & 8,
                          .missing_as_nan = choice & 16};
    ad_type type = choice & 32 ? AD_F32 : AD_F64;
    if (ad_csv_parse(bytes + 1, size - 1, "fuzz", type, &csv, NULL, &a, &names, NULL) == AD_OK) {
        ad_array_free(&a);
        ad_csv_names_free(&names);
    }
    return 0;
}
