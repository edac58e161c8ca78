/* Puts the files of a directory through a fuzz target, as libFuzzer would: the corpus in meson test. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { LARGEST = 1 << 20 };

static void replay(const char *path, uint8_t *bytes)
{
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, LARGEST, file) : 0;
    uint8_t *exact = malloc(size ? size : 1); /* so that reading past its end is noticed */
    for (size_t i = 0; exact && i < size; i++)
        exact[i] = bytes[i];
    if (exact)
        LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    if (file)
        fclose(file);
}

int main(int argc, char **argv)
{
    int files = 0;
    char path[1024];
    uint8_t *bytes = malloc(LARGEST);
    DIR *directory = argc == 2 ? opendir(argv[1]) : NULL;
    for (struct dirent *entry; directory && bytes && (entry = readdir(directory));)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
            replay(path, bytes);
            files++;
        }
    if (directory)
        closedir(directory);
    free(bytes);
    printf("1..1\n%sok 1\n# figure %d files\n", files ? "" : "not ", files);
    return files ? EXIT_SUCCESS : EXIT_FAILURE;
}
