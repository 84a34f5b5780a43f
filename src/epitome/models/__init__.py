"""What a model is: catalogue, weights on disk, prompt template. Never runs one."""

from epitome.models.model import Model as Model
