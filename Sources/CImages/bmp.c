/* Windows bitmaps, as OpenCV reads them: palettes (also run lengths), 16, 24 and 32 bits. Every byte is read by `take`. */
#include "CImages.h"
#include "pixels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLAIN = 0, RUNS_OF_BYTES = 1, RUNS_OF_NIBBLES = 2, MASKS = 3 }; /* the file's numbers */
enum { UNSUSPICIOUS_AREA = 1 << 24 };

typedef struct {
  crema_bytes bytes;
  size_t width, height, offset;
  int bits, compression, is_top_down, is_color, is_high;
  uint8_t palette[256][4];
  uint32_t masks[4]; /* of blue, green, red and alpha, if the header has them */
} bitmap;

static uint32_t little(crema_bytes *bytes, int count) {
  uint8_t text[4] = {0};
  crema_take(bytes, text, (size_t)count);
  return (uint32_t)text[0] | (uint32_t)text[1] << 8 | (uint32_t)text[2] << 16 | (uint32_t)text[3] << 24;
}

static const char *read_palette(bitmap *map, uint32_t count, size_t size) {
  if (count > 256) return "its palette has more than 256 colours";
  if (count == 0) count = 1u << map->bits;
  for (uint32_t i = 0; i < count; i++) crema_take(&map->bytes, map->palette[i], size);
  return NULL;
}

static int has_color(const bitmap *map) {
  for (size_t i = 0; i < (size_t)1 << map->bits; i++) {
    const uint8_t *entry = map->palette[i];
    if (entry[0] != entry[1] || entry[0] != entry[2]) return 1;
  }
  return 0;
}

static int is_known(const bitmap *map) {
  switch (map->bits) {
    case 1: case 24: return map->compression == PLAIN;
    case 4: return map->compression == PLAIN || map->compression == RUNS_OF_NIBBLES;
    case 8: return map->compression == PLAIN || map->compression == RUNS_OF_BYTES;
    case 16: case 32: return map->compression == PLAIN || map->compression == MASKS;
    default: return 0;
  }
}

/* What is wrong with the header; NULL if nothing is. */
static const char *read_header(bitmap *map) {
  crema_skip(&map->bytes, 10);
  map->offset = little(&map->bytes, 4);
  uint32_t size = little(&map->bytes, 4), used = 0;
  int is_old = size == 12;
  if (map->bytes.is_short) return "the bytes end in the header";
  if (!is_old && (size < 36 || size > INT32_MAX)) return "its header is of an unknown kind";
  int64_t height;
  if (is_old) {
    map->width = little(&map->bytes, 2);
    height = little(&map->bytes, 2);
  } else {
    map->width = little(&map->bytes, 4);
    height = (int32_t)little(&map->bytes, 4);
  }
  map->bits = (int)(little(&map->bytes, 4) >> 16);
  if (!is_old) {
    map->compression = (int)little(&map->bytes, 4);
    crema_skip(&map->bytes, 12);
    used = little(&map->bytes, 4);
    size_t rest = size - 36;
    if (map->bits == 32 && map->compression == MASKS && size >= 56) {
      crema_skip(&map->bytes, 4);
      for (int i = 0; i < 4; i++) map->masks[i < 3 ? 2 - i : 3] = little(&map->bytes, 4);
      rest -= 20;
    }
    crema_skip(&map->bytes, rest);
  }
  if (map->bytes.is_short) return "the bytes end in the header";
  map->is_top_down = height < 0;
  map->height = (size_t)(height < 0 ? -height : height);
  if (map->width == 0 || map->width > INT32_MAX || height == 0) return "it has no pixels";
  if (!is_known(map) || (is_old && map->bits == 16)) return "its kind of pixels is unknown";
  map->is_color = !is_old;
  if (map->bits <= 8) {
    const char *fault = read_palette(map, is_old ? 0 : used, is_old ? 3 : 4);
    if (fault) return fault;
    if (!is_old) map->is_color = has_color(map);
  } else if (map->bits == 16 && map->compression == MASKS) {
    uint32_t red = little(&map->bytes, 4), green = little(&map->bytes, 4), blue = little(&map->bytes, 4);
    map->is_high = red == 0xf800 && green == 0x7e0 && blue == 0x1f;
    if (!map->is_high && (red != 0x7c00 || green != 0x3e0 || blue != 0x1f)) return "its 16-bit colours are unknown";
  }
  return map->bytes.is_short ? "the bytes end in the palette" : NULL;
}

/* The pixel in this column of a row, blue first. */
static void unpack(const bitmap *map, const uint8_t *row, size_t column, uint8_t pixel[4]) {
  switch (map->bits) {
    case 1: memcpy(pixel, map->palette[row[column / 8] >> (7 - column % 8) & 1], 4); break;
    case 4: memcpy(pixel, map->palette[row[column / 2] >> (column % 2 ? 0 : 4) & 15], 4); break;
    case 8: memcpy(pixel, map->palette[row[column]], 4); break;
    case 16: {
      unsigned word = row[2 * column] | (unsigned)row[2 * column + 1] << 8;
      pixel[0] = (uint8_t)(word << 3 & 0xf8);
      pixel[1] = (uint8_t)(map->is_high ? word >> 3 & 0xfc : word >> 2 & 0xf8);
      pixel[2] = (uint8_t)(map->is_high ? word >> 8 & 0xf8 : word >> 7 & 0xf8);
      break;
    }
    case 24: memcpy(pixel, row + 3 * column, 3); break;
    default: memcpy(pixel, row + 4 * column, 4);
  }
}

/* Sorts the channels of a pixel with alpha by the masks of the header; a channel without a mask is full. */
static void unmask(const bitmap *map, uint8_t pixel[4]) {
  uint32_t word = (uint32_t)pixel[0] | (uint32_t)pixel[1] << 8 | (uint32_t)pixel[2] << 16 | (uint32_t)pixel[3] << 24;
  for (int i = 0; i < 4; i++) {
    uint32_t mask = map->masks[i];
    pixel[i] = mask ? (uint8_t)((word & mask) / (mask & (~mask + 1))) : 255;
  }
}

/* Where a pixel of the image is; rows are counted as the file has them. */
static uint8_t *target(const bitmap *map, const crema_image *image, size_t row, size_t column) {
  return image->pixels + ((map->is_top_down ? row : map->height - 1 - row) * map->width + column) * image->channels;
}

static const char *read_rows(bitmap *map, crema_image *image) {
  size_t pitch = ((map->width * (size_t)map->bits + 7) / 8 + 3) & ~(size_t)3;
  int has_masks = map->masks[0] && map->masks[1] && map->masks[2];
  for (size_t row = 0; row < map->height; row++) {
    if (map->bytes.left < pitch) return "the bytes end too early";
    for (size_t column = 0; column < map->width; column++) {
      uint8_t pixel[4] = {0};
      unpack(map, map->bytes.next, column, pixel);
      if (image->channels == 4 && has_masks) unmask(map, pixel);
      crema_put_pixel(target(map, image, row, column), image->channels, pixel);
    }
    crema_skip(&map->bytes, pitch);
  }
  return NULL;
}

/* Where run lengths are decoded to. */
typedef struct {
  size_t row, column;
} pen;

static void put(const bitmap *map, crema_image *image, pen *pen, uint8_t index) {
  crema_put_pixel(target(map, image, pen->row, pen->column++), image->channels, map->palette[index]);
}

/* Writes pixels of one colour, from row to row. A full row is left even if there are none to write. */
static void fill(const bitmap *map, crema_image *image, pen *pen, size_t count, uint8_t index) {
  do {
    for (; count > 0 && pen->column < map->width; count--) put(map, image, pen, index);
    if (pen->column == map->width) {
      pen->column = 0;
      if (++pen->row == map->height) return;
    }
  } while (count > 0);
}

/* Pixels that are in the file one by one. */
static const char *copy(bitmap *map, crema_image *image, pen *pen, size_t count) {
  size_t size = map->bits == 4 ? (count + 1) / 2 : count;
  if (pen->column + count > map->width) return "a run leaves its row";
  if (map->bytes.left < size + size % 2) return "the bytes end too early";
  for (size_t i = 0; i < count; i++) {
    uint8_t byte = map->bytes.next[map->bits == 4 ? i / 2 : i];
    put(map, image, pen, map->bits == 4 ? (i % 2 ? byte & 15 : byte >> 4) : byte);
  }
  crema_skip(&map->bytes, size + size % 2);
  return NULL;
}

/* Ends of rows and of the image, and jumps. What is left out gets the first colour. As in OpenCV, of 4-bit images only the row
   ends at the end of the image, and jumps go to the right only. `is_new` says that the row before has been filled by a run. */
static void jump(bitmap *map, crema_image *image, pen *pen, int code, int is_new) {
  size_t right = map->width - pen->column, down = map->height - pen->row;
  if (map->bits == 8 && code == 0 && is_new && right == map->width) return;
  if (code == 2) {
    right = little(&map->bytes, 1);
    down = little(&map->bytes, 1);
  }
  if (map->bits == 8 && code != 0) right += down * map->width;
  fill(map, image, pen, right, 0);
}

static const char *read_runs(bitmap *map, crema_image *image) {
  pen pen = {0, 0};
  int is_new = 0;
  while (pen.row < map->height) {
    uint32_t word = little(&map->bytes, 2);
    size_t count = word & 255;
    uint8_t code = (uint8_t)(word >> 8);
    if (map->bytes.is_short) return "the bytes end too early";
    size_t row = pen.row;
    if (count == 0 && code > 2) {
      const char *fault = copy(map, image, &pen, code);
      if (fault) return fault;
    } else if (count == 0) {
      jump(map, image, &pen, code, is_new);
      row = pen.row;
    } else if (pen.column + count > map->width) {
      return "a run leaves its row";
    } else if (map->bits == 8) {
      fill(map, image, &pen, count, code);
    } else {
      for (size_t i = 0; i < count; i++) put(map, image, &pen, i % 2 ? code & 15 : code >> 4);
    }
    is_new = pen.row > row;
  }
  return map->bytes.is_short ? "the bytes end too early" : NULL;
}

int crema_bmp_decode(const void *bytes, size_t count, int mode, crema_image *image) {
  memset(image, 0, sizeof *image);
  bitmap map = {.bytes = {bytes, count, 0}};
  const char *fault = read_header(&map);
  int has_runs = map.compression == RUNS_OF_BYTES || map.compression == RUNS_OF_NIBBLES;
  int code = fault ? CREMA_IMAGE_DAMAGED : CREMA_IMAGE_OK;
  if (!fault) {
    int has_alpha = map.bits == 32 && map.compression == MASKS;
    size_t own = !map.is_color ? 1 : has_alpha ? 4 : 3;
    size_t channels = mode == CREMA_IMAGE_COLOR ? 3 : mode == CREMA_IMAGE_GRAY ? 1 : own;
    code = crema_allocate(image, map.width, map.height, channels, has_runs ? UNSUSPICIOUS_AREA + count * 256 : count * 8);
  }
  if (code == CREMA_IMAGE_OK) {
    map.bytes = (crema_bytes){bytes, count, 0};
    crema_skip(&map.bytes, map.offset);
    fault = has_runs ? read_runs(&map, image) : read_rows(&map, image);
  }
  return crema_finish(image, code, fault);
}
