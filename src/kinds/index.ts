/** Every kind, by family. */
