/* For libFuzzer: any bytes at all are loaded as a program that can be run and derived, or refused. The checksum is
 * repaired, so that more than the header is tried. */
#include <adze.h>

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { CHECKSUM = 4, MOST = 256 }; /* MOST inputs and outputs */

static uint8_t *repaired(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = malloc(size + 1);
    if (copy && size > CHECKSUM) {
        memcpy(copy, bytes, size);
        const unsigned long checksum = crc32_z(0, bytes, size - CHECKSUM);
        for (int i = 0; i < CHECKSUM; i++)
            copy[size - CHECKSUM + (size_t)i] = (uint8_t)(checksum >> 8 * i);
    }
    return copy;
}

static void use(const ad_program *p)
{
    double x[MOST], y[MOST];
    const size_t n = ad_program_inputs(p), m = ad_program_outputs(p);
    if (n > MOST || m > MOST)
        return;
    for (size_t i = 0; i < n; i++)
        x[i] = 0.25 * (double)i - 1;
    ad_status status = ad_program_run(p, x, y, NULL, NULL);
    ad_program *jacobian = n * m <= MOST ? ad_program_jacobian(p, n, NULL, NULL) : NULL;
    if (status != AD_OK && status != AD_BRANCH)
        abort();
    ad_program_free(jacobian);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    uint8_t *copy = repaired(bytes, size);
    if (!copy || size <= CHECKSUM) {
        free(copy);
        return 0;
    }
    ad_error error = {AD_OK, ""};
    ad_program *p = ad_program_parse(copy, size, "fuzz", NULL, &error);
    if (p)
        use(p);
    else if (error.status != AD_FORMAT && error.status != AD_TOO_LARGE)
        abort();
    ad_program_free(p);
    free(copy);
    return 0;
}
