"""Models that are known by name, with the keys and layouts under which their weights are shared."""

from ferrule.models.autoencoder import VAE, Autoencoder, vae_loss
from ferrule.models.bert import BertConfig, BertModel
from ferrule.models.bert_heads import BertForMaskedLM, BertForSequenceClassification
from ferrule.models.gpt2 import GPT2Config, GPT2Model
from ferrule.models.gpt2_heads import GPT2LMHeadModel
from ferrule.models.lenet import LeNet5
from ferrule.models.lstm_language_model import LSTMLanguageModel, LSTMLanguageModelConfig
from ferrule.models.mlp import MLP
from ferrule.models.mobilenet import MobileNetV2, mobilenet_v2
from ferrule.models.resnet import (
    ResNet,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
    resnext50_32x4d,
    wide_resnet50_2,
)
from ferrule.models.unet import UNet
from ferrule.models.vgg import (
    VGG,
    vgg11,
    vgg11_bn,
    vgg13,
    vgg13_bn,
    vgg16,
    vgg16_bn,
    vgg19,
    vgg19_bn,
)
from ferrule.models.vit import (
    VisionTransformer,
    vit_b_16,
    vit_b_32,
    vit_h_14,
    vit_l_16,
    vit_l_32,
)

__all__ = [
    "MLP",
    "VAE",
    "VGG",
    "Autoencoder",
    "BertConfig",
    "BertForMaskedLM",
    "BertForSequenceClassification",
    "BertModel",
    "GPT2Config",
    "GPT2LMHeadModel",
    "GPT2Model",
    "LSTMLanguageModel",
    "LSTMLanguageModelConfig",
    "LeNet5",
    "MobileNetV2",
    "ResNet",
    "UNet",
    "VisionTransformer",
    "mobilenet_v2",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
    "resnext50_32x4d",
    "vae_loss",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
    "vit_b_16",
    "vit_b_32",
    "vit_h_14",
    "vit_l_16",
    "vit_l_32",
    "wide_resnet50_2",
]
