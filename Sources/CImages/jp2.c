/* JPEG 2000 through OpenJPEG, in memory. */
#include "CImages.h"

#include <openjpeg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A file in memory. */
typedef struct {
  uint8_t *bytes;
  size_t count, capacity, place;
} memory_file;

static OPJ_SIZE_T read_bytes(void *target, OPJ_SIZE_T count, void *data) {
  memory_file *file = data;
  if (file->place >= file->count) return (OPJ_SIZE_T)-1;
  size_t left = file->count - file->place, taken = count < left ? count : left;
  memcpy(target, file->bytes + file->place, taken);
  file->place += taken;
  return taken;
}

static int reserve(memory_file *file, size_t end) {
  if (end > file->capacity) {
    size_t capacity = end > 2 * file->capacity ? end : 2 * file->capacity;
    uint8_t *bytes = realloc(file->bytes, capacity);
    if (!bytes) return 0;
    file->bytes = bytes;
    file->capacity = capacity;
  }
  if (end > file->count) {
    memset(file->bytes + file->count, 0, end - file->count);
    file->count = end;
  }
  return 1;
}

static OPJ_SIZE_T write_bytes(void *source, OPJ_SIZE_T count, void *data) {
  memory_file *file = data;
  if (!reserve(file, file->place + count)) return (OPJ_SIZE_T)-1;
  memcpy(file->bytes + file->place, source, count);
  file->place += count;
  return count;
}

static OPJ_BOOL seek(OPJ_OFF_T place, void *data) {
  memory_file *file = data;
  if (place < 0) return OPJ_FALSE;
  file->place = (size_t)place;
  return OPJ_TRUE;
}

static OPJ_OFF_T skip(OPJ_OFF_T count, void *data) {
  memory_file *file = data;
  if (count < 0 && (size_t)-count > file->place) return -1;
  file->place = (size_t)((OPJ_OFF_T)file->place + count);
  return count;
}

static void keep_message(const char *text, void *data) {
  char *message = data;
  if (message[0]) return;
  snprintf(message, 128, "%s", text);
  message[strcspn(message, "\n")] = 0;
}

static opj_stream_t *stream(memory_file *file, int reads) {
  opj_stream_t *stream = opj_stream_default_create(reads);
  if (!stream) return NULL;
  opj_stream_set_user_data(stream, file, NULL);
  opj_stream_set_user_data_length(stream, file->count);
  opj_stream_set_read_function(stream, read_bytes);
  opj_stream_set_write_function(stream, write_bytes);
  opj_stream_set_seek_function(stream, seek);
  opj_stream_set_skip_function(stream, skip);
  return stream;
}

/* Red first: blue and red change places between an image here and one of OpenJPEG. */
static size_t component(size_t channel, size_t channels) { return channels == 3 ? 2 - channel : channel; }

static opj_image_t *opened(const uint8_t *pixels, size_t width, size_t height, size_t channels) {
  opj_image_cmptparm_t components[3];
  memset(components, 0, sizeof components);
  for (size_t c = 0; c < channels; c++) {
    components[c].dx = components[c].dy = 1;
    components[c].w = (OPJ_UINT32)width;
    components[c].h = (OPJ_UINT32)height;
    components[c].prec = 8;
  }
  opj_image_t *image =
    opj_image_create((OPJ_UINT32)channels, components, channels == 1 ? OPJ_CLRSPC_GRAY : OPJ_CLRSPC_SRGB);
  if (!image) return NULL;
  image->x1 = (OPJ_UINT32)width;
  image->y1 = (OPJ_UINT32)height;
  for (size_t c = 0; c < channels; c++) {
    OPJ_INT32 *plane = image->comps[component(c, channels)].data;
    for (size_t i = 0; i < width * height; i++) plane[i] = pixels[i * channels + c];
  }
  return image;
}

static int encode(opj_image_t *image, double ratio, memory_file *file, char *message) {
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.tcp_numlayers = 1;
  parameters.cp_disto_alloc = 1;
  parameters.tcp_rates[0] = (float)ratio;
  OPJ_UINT32 side = image->x1 < image->y1 ? image->x1 : image->y1;
  while (parameters.numresolution > 1 && side >> (parameters.numresolution - 1) == 0) parameters.numresolution--;
  opj_codec_t *codec = opj_create_compress(OPJ_CODEC_J2K);
  opj_stream_t *output = stream(file, 0);
  int done = 0;
  if (codec && output) {
    opj_set_error_handler(codec, keep_message, message);
    done = opj_setup_encoder(codec, &parameters, image) && opj_start_compress(codec, image, output) &&
           opj_encode(codec, output) && opj_end_compress(codec, output);
  }
  opj_stream_destroy(output);
  opj_destroy_codec(codec);
  return done;
}

static opj_image_t *decode(memory_file *file, char *message) {
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  file->place = 0;
  opj_codec_t *codec = opj_create_decompress(OPJ_CODEC_J2K);
  opj_stream_t *input = stream(file, 1);
  opj_image_t *image = NULL;
  int done = 0;
  if (codec && input) {
    opj_set_error_handler(codec, keep_message, message);
    done = opj_setup_decoder(codec, &parameters) && opj_read_header(input, codec, &image) &&
           opj_decode(codec, input, image) && opj_end_decompress(codec, input);
  }
  opj_stream_destroy(input);
  opj_destroy_codec(codec);
  if (!done && image) {
    opj_image_destroy(image);
    image = NULL;
  }
  return image;
}

int crema_jp2_recompress(uint8_t *pixels, size_t width, size_t height, size_t channels, double ratio,
                         char message[128]) {
  message[0] = 0;
  opj_image_t *image = opened(pixels, width, height, channels);
  if (!image) return CREMA_IMAGE_NO_MEMORY;
  memory_file file = {0};
  int done = encode(image, ratio, &file, message);
  opj_image_destroy(image);
  image = done ? decode(&file, message) : NULL;
  free(file.bytes);
  if (!image) return CREMA_IMAGE_DAMAGED;
  for (size_t c = 0; c < channels; c++) {
    const OPJ_INT32 *plane = image->comps[component(c, channels)].data;
    for (size_t i = 0; i < width * height; i++) {
      OPJ_INT32 value = plane[i];
      pixels[i * channels + c] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
  }
  opj_image_destroy(image);
  return CREMA_IMAGE_OK;
}
